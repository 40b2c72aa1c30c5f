/** The page on which somebody shows a second factor: a code, or a passkey where the account has one. */
import { type Html, html } from '../../http/index.ts'
import { type PageFrame, renderCancel, renderFault, renderPage } from './layout.ts'
import { renderPasskey } from './passkey.ts'

/** What is typed. */
export type CodeMethod = 'totp' | 'recovery'

export interface SecondFactorPage {
  readonly action: string
  readonly cancelAction: string
  readonly challengeAction: string
  readonly clientName: string
  readonly ticket: string
  /** What the account has set up. */
  readonly methods: readonly (CodeMethod | 'passkey')[]
  /** Which code is asked for. */
  readonly asked: CodeMethod
  readonly fault?: string | undefined
}

export function renderSecondFactor(frame: PageFrame, page: SecondFactorPage): string {
  const { action, cancelAction, challengeAction, clientName, methods, asked, fault } = page
  const hasPasskey = methods.includes('passkey')
  const words = WORDS[asked]
  const title = hasPasskey ? 'Confirm that it is you' : words.title
  const state = renderState(page)
  const passkey = renderPasskey({ action, challengeAction, place: 'first', state })
  return renderPage(
    frame,
    fault === undefined ? title : `Error: ${title}`,
    html`<h1>${title}</h1>
<p class="lead">${hasPasskey ? html`to continue to <strong>${clientName}</strong>` : words.lead}</p>
${renderFault(fault)}
${hasPasskey ? passkey : ''}
${hasPasskey && !hasCode(methods) ? '' : renderCodeForm(page, state)}
${renderCancel(cancelAction)}`,
  )
}

/** Whether there is anything to type besides a passkey. */
function hasCode(methods: SecondFactorPage['methods']): boolean {
  return methods.some((method) => method !== 'passkey')
}

function renderCodeForm({ action, methods, asked, fault }: SecondFactorPage, state: Html): Html {
  const { hint, other } = WORDS[asked]
  const hasOther = methods.includes(asked === 'totp' ? 'recovery' : 'totp')
  return html`<form method="post" action="${action}">
${state}
<div class="field">
${asked === 'totp' ? renderTotpField(fault) : renderRecoveryField(fault)}
<p class="hint" id="source-of-code">${hint}</p>
</div>
<div class="actions">
<button type="submit">Continue</button>
${hasOther ? html`<button class="quiet" type="submit" name="switch" value="yes" formnovalidate>${other}</button>` : ''}
</div>
</form>`
}

/** What both forms send besides the proof. */
function renderState({ ticket, methods, asked }: SecondFactorPage): Html {
  return html`<input type="hidden" name="ticket" value="${ticket}">
<input type="hidden" name="methods" value="${methods.join(' ')}">
<input type="hidden" name="method" value="${asked}">`
}

function renderTotpField(fault: string | undefined): Html {
  return html`<label for="code">Six-digit code</label>
<input id="code" class="code" name="code" type="text" inputmode="numeric" pattern="[0-9 ]*" autocomplete="one-time-code" maxlength="9" required autofocus${described(fault)}>`
}

function renderRecoveryField(fault: string | undefined): Html {
  return html`<label for="code">Recovery code</label>
<input id="code" class="code" name="code" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" required autofocus${described(fault)}>`
}

function described(fault: string | undefined): Html {
  return html` aria-describedby="source-of-code fault"${fault === undefined ? '' : html` aria-invalid="true"`}`
}

const WORDS = {
  totp: {
    title: 'Enter your code',
    lead: 'One more step: the code of your authenticator app.',
    hint: 'Open your authenticator app and type what it shows.',
    other: 'Use a recovery code',
  },
  recovery: {
    title: 'Use a recovery code',
    lead: 'One more step: a code that stands in for the app.',
    hint: 'One of those that you kept when you set up two-step sign-in. Each works once.',
    other: 'Use the authenticator app',
  },
} as const
