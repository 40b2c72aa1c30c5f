/** The pages that letters lead to: confirm an address, ask for a new password, set it. */
import { type Html, html } from '../../http/index.ts'
import { faulty, type PageFrame, renderFault, renderPage } from './layout.ts'

export const ACCOUNT_PATHS = {
  confirm: '/auth/verify-email',
  forgot: '/auth/forgot-password',
  reset: '/auth/reset-password',
} as const

export interface LetterPage {
  /** The secret of the letter, on its way through the form. */
  readonly token: string
  /** How long the link works from now on: letters of one page differ. */
  readonly term?: string | undefined
  readonly fault?: string | undefined
}

export function renderConfirmAddress(frame: PageFrame, { token, term, fault }: LetterPage): string {
  const title = 'Confirm your address'
  return renderPage(
    frame,
    titleOf(title, fault),
    html`<h1>${title}</h1>
<p class="lead">Enter the password that you chose when you registered at <strong>${frame.serviceName}</strong>.</p>
${renderFault(fault)}
<form method="post" action="${ACCOUNT_PATHS.confirm}">
<input type="hidden" name="token" value="${token}">
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required autofocus${faulty(fault)}>
</div>
<button type="submit">Confirm address</button>
</form>
<p class="links"><a href="${ACCOUNT_PATHS.forgot}">I have forgotten the password</a></p>
<p class="small after">${renderTerm(term)}If it was not you who registered, close this page: nothing happens.</p>`,
  )
}

export function renderAddressConfirmed(frame: PageFrame): string {
  return renderDone(
    frame,
    'Your address is confirmed',
    html`You can close this page and sign in at <strong>${frame.serviceName}</strong>.`,
  )
}

export interface ForgotPage {
  readonly login?: string | undefined
  readonly fault?: string | undefined
}

export function renderForgotPassword(frame: PageFrame, { login, fault }: ForgotPage): string {
  const title = 'Forgotten your password?'
  return renderPage(
    frame,
    titleOf(title, fault),
    html`<h1>${title}</h1>
<p class="lead">Enter your address at <strong>${frame.serviceName}</strong>. A letter with the way on will go there.</p>
${renderFault(fault)}
<form method="post" action="${ACCOUNT_PATHS.forgot}">
<div class="field">
<label for="login">E-mail address</label>
<input id="login" name="login" type="email" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="320" required autofocus${login === undefined ? '' : html` value="${login}"`}${faulty(fault)}>
</div>
<button type="submit">Send the letter</button>
</form>`,
  )
}

/** Says the same whether there is an account or not. */
export function renderLetterSent(frame: PageFrame): string {
  return renderPage(
    frame,
    'Look into your mailbox',
    html`<p class="sign good" aria-hidden="true">✓</p>
<h1>Look into your mailbox</h1>
<p class="lead">If the address has an account at <strong>${frame.serviceName}</strong>, a letter is on its way. It says what to do, and how long its link works.</p>
<p class="small">Nothing there after some minutes? Look into the spam folder, or <a href="${ACCOUNT_PATHS.forgot}">try another address</a>.</p>`,
  )
}

export function renderNewPassword(frame: PageFrame, { token, term, fault }: LetterPage): string {
  const title = 'Choose a new password'
  return renderPage(
    frame,
    titleOf(title, fault),
    html`<h1>${title}</h1>
<p class="lead">for your account at <strong>${frame.serviceName}</strong></p>
${renderFault(fault)}
<form method="post" action="${ACCOUNT_PATHS.reset}">
<input type="hidden" name="token" value="${token}">
<div class="field">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" maxlength="1024" required autofocus aria-describedby="form-of-password fault"${fault === undefined ? '' : html` aria-invalid="true"`}>
<p class="hint" id="form-of-password">At least 12 characters. A few words that do not belong together are good, and easy to remember.</p>
</div>
<button type="submit">Set the password</button>
</form>
<p class="small after">${renderTerm(term)}Every session of your account will be signed out.</p>`,
  )
}

export function renderPasswordSet(frame: PageFrame): string {
  return renderDone(
    frame,
    'Your password is set',
    html`Everybody was signed out of your account. You can close this page and sign in at <strong>${frame.serviceName}</strong> with the new password.`,
  )
}

/** The link of a letter serves no more; another letter is the way on in any case, and which one it is depends on the account. */
export function renderLinkOver(frame: PageFrame, letter: 'confirm' | 'reset'): string {
  const title = 'This link no longer works'
  const text =
    letter === 'confirm'
      ? 'If your address is confirmed already, just sign in. If not, ask for another letter, and do what it says.'
      : 'Ask for another letter, and use its link within the time that it names.'
  return renderPage(
    frame,
    title,
    html`<p class="sign fault" aria-hidden="true">!</p>
<h1>${title}</h1>
<p class="lead">It was used, is too old, or a newer letter has taken its place.</p>
<p>${text}</p>
<a class="button" href="${ACCOUNT_PATHS.forgot}">Ask for another letter</a>`,
  )
}

function renderTerm(term: string | undefined): string {
  return term === undefined ? '' : `The link works once, for ${term} more. `
}

function renderDone(frame: PageFrame, title: string, text: Html): string {
  return renderPage(
    frame,
    title,
    html`<p class="sign good" aria-hidden="true">✓</p>
<h1>${title}</h1>
<p class="lead">${text}</p>`,
  )
}

function titleOf(title: string, fault: string | undefined): string {
  return fault === undefined ? title : `Error: ${title}`
}
