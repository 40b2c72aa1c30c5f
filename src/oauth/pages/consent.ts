/** The page on which somebody decides what a client may do for them. */
import { html } from '../../http/index.ts'
import { type PageFrame, renderPage } from './layout.ts'

export interface ConsentPage {
  readonly action: string
  readonly clientName: string
  /** Where the answer goes: what people can check. */
  readonly target: string | undefined
  readonly accountName: string
  /** What it asks for, in words. */
  readonly wants: readonly string[]
}

export function renderConsent(frame: PageFrame, { action, clientName, target, accountName, wants }: ConsentPage): string {
  return renderPage(
    frame,
    `Let ${clientName} in?`,
    html`<h1>Let ${clientName} in?</h1>
<p class="lead">You are signed in as <strong>${accountName}</strong>.</p>
<h2 id="wants">${clientName} will be able to:</h2>
<ul class="wants" aria-labelledby="wants">
${wants.map((want) => html`<li>${want}</li>`)}
</ul>
<p class="small">It never gets your password, and can do no more than you can.${target === undefined ? '' : html` The answer goes to <strong>${target}</strong>.`} You can end its access among your sessions at any time.</p>
<form method="post" action="${action}">
<div class="actions two">
<button class="main" type="submit" name="decision" value="allow">Allow</button>
<button class="quiet" type="submit" name="decision" value="deny">Do not allow</button>
</div>
</form>`,
  )
}
