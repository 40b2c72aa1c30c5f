/** The pages for a device without a browser: type its code, compare it, done. */
import { html } from '../../http/index.ts'
import { type PageFrame, renderFault, renderPage } from './layout.ts'

export interface EnterCodePage {
  readonly action: string
  readonly xsrf: string
  readonly userCode?: string | undefined
  readonly fault?: string | undefined
}

export function renderEnterCode(frame: PageFrame, { action, xsrf, userCode, fault }: EnterCodePage): string {
  const title = 'Connect a device'
  return renderPage(
    frame,
    fault === undefined ? title : `Error: ${title}`,
    html`<h1>${title}</h1>
<p class="lead">Type the code that your device shows.</p>
${renderFault(fault)}
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<div class="field">
<label for="user_code">Code</label>
<input id="user_code" class="code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required autofocus${userCode === undefined ? '' : html` value="${userCode}"`}${fault === undefined ? '' : html` aria-invalid="true"`} aria-describedby="form-of-code fault">
<p class="hint" id="form-of-code">Eight letters, like BCDF-GHJK.</p>
</div>
<button type="submit">Continue</button>
</form>`,
  )
}

export interface ConfirmCodePage {
  readonly action: string
  readonly xsrf: string
  readonly userCode: string
  readonly clientName: string
}

export function renderConfirmCode(frame: PageFrame, { action, xsrf, userCode, clientName }: ConfirmCodePage): string {
  return renderPage(
    frame,
    'Is this your device?',
    html`<h1>Is this your device?</h1>
<p class="lead"><strong>${clientName}</strong> asks to be connected. Your device must show this very code:</p>
<p class="shown code">${userCode}</p>
<p class="small">If somebody sent you this code, or you see no device that shows it, do not continue.</p>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<input type="hidden" name="user_code" value="${userCode}">
<div class="actions two">
<button class="main" type="submit" name="confirm" value="yes">It is mine</button>
<button class="quiet" type="submit" name="abort" value="yes">Cancel</button>
</div>
</form>`,
  )
}

export function renderDeviceDone(frame: PageFrame, clientName: string): string {
  return renderPage(
    frame,
    'Your device is connected',
    html`<p class="sign good" aria-hidden="true">✓</p>
<h1>Your device is connected</h1>
<p class="lead"><strong>${clientName}</strong> carries on by itself in a few seconds.</p>
<p class="small">You can close this page.</p>`,
  )
}

export function renderDeviceDenied(frame: PageFrame): string {
  return renderPage(
    frame,
    'The device was not connected',
    html`<h1>The device was not connected</h1>
<p class="lead">Nothing was allowed. You can close this page.</p>`,
  )
}
