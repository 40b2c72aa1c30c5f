/** The pages on which somebody shows who they are: password first, then a second factor. */
import { type Html, html } from '../../http/index.ts'
import { type PageFrame, renderFault, renderPage } from './layout.ts'

export interface SignInPage {
  /** Where the form goes. */
  readonly action: string
  readonly cancelAction: string
  readonly clientName: string
  /** What was typed before, or what the client suggests. */
  readonly login?: string | undefined
  readonly fault?: string | undefined
}

export function renderSignIn(frame: PageFrame, { action, cancelAction, clientName, login, fault }: SignInPage): string {
  const title = 'Sign in'
  return renderPage(
    frame,
    fault === undefined ? title : `Error: ${title}`,
    html`<h1>${title}</h1>
<p class="lead">to continue to <strong>${clientName}</strong></p>
${renderFault(fault)}
<form method="post" action="${action}">
<div class="field">
<label for="login">E-mail address</label>
<input id="login" name="login" type="email" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="320" required ${login === undefined ? AUTOFOCUS : html`value="${login}"`}${faulty(fault)}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required ${login === undefined ? '' : AUTOFOCUS}${faulty(fault)}>
</div>
<button type="submit">Sign in</button>
</form>
${renderCancel(cancelAction)}`,
  )
}

export interface SecondFactorPage {
  readonly action: string
  readonly cancelAction: string
  readonly clientName: string
  readonly ticket: string
  readonly method: 'totp' | 'recovery'
  /** Whether the other method can be chosen. */
  readonly hasOther: boolean
  readonly fault?: string | undefined
}

export function renderSecondFactor(frame: PageFrame, page: SecondFactorPage): string {
  const { action, cancelAction, ticket, method, hasOther, fault } = page
  const isTotp = method === 'totp'
  const title = isTotp ? 'Enter your code' : 'Use a recovery code'
  const field = isTotp
    ? html`<label for="code">Six-digit code</label>
<input id="code" class="code" name="code" type="text" inputmode="numeric" pattern="[0-9 ]*" autocomplete="one-time-code" maxlength="9" required autofocus${faulty(fault)}>`
    : html`<label for="code">Recovery code</label>
<input id="code" class="code" name="code" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" required autofocus${faulty(fault)}>
<p class="hint">Each code works once.</p>`
  return renderPage(
    frame,
    fault === undefined ? title : `Error: ${title}`,
    html`<h1>${title}</h1>
<p class="lead">${isTotp ? 'Open your authenticator app and type the code that it shows.' : 'Type one of the codes that you kept when you set up two-step sign-in.'}</p>
${renderFault(fault)}
<form method="post" action="${action}">
<input type="hidden" name="ticket" value="${ticket}">
<input type="hidden" name="method" value="${method}">
<div class="field">
${field}
</div>
<div class="actions">
<button type="submit">Continue</button>
${hasOther ? html`<button class="quiet" type="submit" name="switch" value="yes" formnovalidate>${isTotp ? 'Use a recovery code' : 'Use the authenticator app'}</button>` : ''}
</div>
</form>
${renderCancel(cancelAction)}`,
  )
}

const AUTOFOCUS = html`autofocus`
const NOTHING = html``

function faulty(fault: string | undefined): Html {
  return fault === undefined ? NOTHING : html` aria-invalid="true" aria-describedby="fault"`
}

function renderCancel(action: string): Html {
  return html`<form method="post" action="${action}" class="links">
<button class="quiet" type="submit">Cancel</button>
</form>`
}
