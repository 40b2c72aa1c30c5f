/**
 * The script of the pages that take a passkey: asks the service for a challenge and the browser for a passkey, and sends the form. Nothing of it is
 * inline, and it puts text into the page as text only.
 *
 * It asks when the button is pressed, so a page that stays open has a fresh challenge, and showing a page makes none.
 */
export const PASSKEY_SCRIPT = `'use strict'
const form = document.querySelector('form.passkey')
const button = form.querySelector('button')
const message = form.querySelector('.message')

// Without a sentence to say, something is under way.
const say = (text = '') => {
  message.textContent = text
  message.classList.toggle('fault', text !== '')
  button.disabled = text === ''
  if (text !== '') button.focus()
}

const ask = async () => {
  const answer = await fetch(form.dataset.challenge, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  const body = await answer.json()
  if (!answer.ok) return say(body.message)
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(body)
  const shown = await navigator.credentials.get({ publicKey })
  form.elements.assertion.value = JSON.stringify(shown.toJSON())
  form.submit()
}

// What browsers call it when somebody closes their window, when nothing was shown in time, and when there is no passkey: they do not say which.
const sayFailure = ({ name }) =>
  say(
    name === 'NotAllowedError' || name === 'AbortError'
      ? 'No passkey was shown. Try once more, or go on without it.'
      : 'The passkey cannot be used just now. Try once more, or go on without it.',
  )

button.addEventListener('click', () => {
  say()
  ask().catch(sayFailure)
})
// Back again from the next page.
addEventListener('pageshow', () => {
  button.disabled = false
})

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined) {
  form.hidden = false
  if (button.autofocus) button.focus()
}
`
