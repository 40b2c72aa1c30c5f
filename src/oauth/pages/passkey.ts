/**
 * The part of a page that takes a passkey. It needs a script, so it is hidden until that has found that the browser can; without it the rest of the page
 * works as if this were not there. What the browser shows goes into the form, and is sent like a code.
 */
import { createAsset, type Html, html } from '../../http/index.ts'
import { PASSKEY_SCRIPT } from './passkey-script.ts'

export const PASSKEY_ASSET = createAsset('/oauth/assets', 'passkey.js', PASSKEY_SCRIPT)

export interface PasskeyPart {
  /** Where the form goes. */
  readonly action: string
  /** What the script asks what to ask the browser with. */
  readonly challengeAction: string
  /** Before what else the page offers, as the way that is expected, or behind it. */
  readonly place: 'first' | 'last'
  /** What the form sends besides. */
  readonly state?: Html
}

export function renderPasskey({ action, challengeAction, place, state = NOTHING }: PasskeyPart): Html {
  const or = html`<p class="or">or</p>`
  const isFirst = place === 'first'
  return html`<form method="post" action="${action}" class="passkey" data-challenge="${challengeAction}" hidden>
${state}
<input type="hidden" name="assertion" value="">
${isFirst ? '' : or}
<p class="message" role="alert" aria-live="assertive"></p>
<button type="button"${isFirst ? html` autofocus` : html` class="quiet"`}>Use a passkey</button>
${isFirst ? or : ''}
</form>
${isFirst ? html`<noscript><p class="small">To use a passkey, allow this page to run JavaScript.</p></noscript>` : ''}
<script src="${PASSKEY_ASSET.path}" defer></script>`
}

const NOTHING = html``
