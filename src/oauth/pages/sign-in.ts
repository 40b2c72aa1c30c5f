/** The page on which somebody shows who they are: by a password, or by a passkey, whoever they are. */
import { html } from '../../http/index.ts'
import { faulty, type PageFrame, renderCancel, renderFault, renderPage } from './layout.ts'
import { renderPasskey } from './passkey.ts'

export interface SignInPage {
  /** Where the form goes. */
  readonly action: string
  readonly cancelAction: string
  /** Where a passkey is asked for. */
  readonly challengeAction: string
  readonly clientName: string
  /** What was typed before, or what the client suggests. */
  readonly login?: string | undefined
  readonly fault?: string | undefined
}

export function renderSignIn(frame: PageFrame, page: SignInPage): string {
  const { action, cancelAction, challengeAction, clientName, login, fault } = page
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
${renderPasskey({ action, challengeAction, place: 'last' })}
${renderCancel(cancelAction)}`,
  )
}

const AUTOFOCUS = html`autofocus`
