/** Pages that tell something: an error, signing out, going on. */
import { html } from '../../http/index.ts'
import { type PageFrame, renderPage } from './layout.ts'

export interface ErrorPage {
  readonly title: string
  /** What went wrong and what to do, for whoever reads the page. */
  readonly text: string
  /** For whoever mends it. */
  readonly code: string
  readonly description?: string | undefined
  readonly requestId: string
}

export function renderErrorPage(frame: PageFrame, { title, text, code, description, requestId }: ErrorPage): string {
  return renderPage(
    frame,
    title,
    html`<p class="sign fault" aria-hidden="true">!</p>
<h1>${title}</h1>
<p class="lead">${text}</p>
<dl class="facts">
<div><dt>Error:</dt><dd>${code}</dd></div>
${description === undefined ? '' : html`<div><dt>Reason:</dt><dd>${description}</dd></div>`}
<div><dt>Request:</dt><dd>${requestId}</dd></div>
</dl>
<p class="small">You can close this page.</p>`,
  )
}

export interface SignOutPage {
  readonly action: string
  readonly xsrf: string
}

export function renderSignOut(frame: PageFrame, { action, xsrf }: SignOutPage): string {
  return renderPage(
    frame,
    'Sign out?',
    html`<h1>Sign out?</h1>
<p class="lead">You will be signed out of ${frame.serviceName} in this browser, and of the apps that you let in until you sign out.</p>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<div class="actions two">
<button class="main" type="submit" name="logout" value="yes">Sign out</button>
<button class="quiet" type="submit">Stay signed in</button>
</div>
</form>`,
  )
}

export function renderSignedOut(frame: PageFrame, isSignedOut: boolean): string {
  return renderPage(
    frame,
    isSignedOut ? 'You are signed out' : 'You are still signed in',
    isSignedOut
      ? html`<p class="sign good" aria-hidden="true">✓</p>
<h1>You are signed out</h1>
<p class="lead">You can close this page.</p>`
      : html`<h1>You are still signed in</h1>
<p class="lead">Nothing was changed. You can close this page.</p>`,
  )
}

/** Ends one step so that the next can begin: where the library would post a form by script. */
export function renderContinue(frame: PageFrame, { action, xsrf }: SignOutPage, title: string, text: string): string {
  return renderPage(
    frame,
    title,
    html`<h1>${title}</h1>
<p class="lead">${text}</p>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<button type="submit" name="logout" value="yes" autofocus>Continue</button>
</form>`,
  )
}
