/** What Plinth writes to the owners of accounts: plain text, one purpose each. Nothing that a stranger typed stands in them. */

export interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
}

export type SendLetter = (letter: Letter) => void

export interface LetterScope {
  /** How the service is called, for subjects. */
  readonly service: string
  /** How the service is reached from outside. */
  readonly origin: string
}

/** What is told to the owner when it happened. */
export type Notice =
  | 'account_claimed'
  | 'password_changed'
  | 'session_stolen'
  | 'totp_added'
  | 'totp_removed'
  | 'recovery_codes_made'
  | 'recovery_code_used'
  | 'passkey_added'
  | 'passkey_removed'

export function verificationLetter({ service, origin }: LetterScope, to: string, secret: string): Letter {
  return {
    to,
    subject: `Confirm your address for ${service}`,
    text: `Somebody, most likely you, registered this address at ${service}.

To confirm it, open this page within a day and enter the password that you chose:

  ${origin}/auth/verify-email?token=${secret}

If it was not you, do nothing: without the password nobody can use the account.
`,
  }
}

export function alreadyRegisteredLetter({ service, origin }: LetterScope, to: string): Letter {
  return {
    to,
    subject: `You have an account at ${service} already`,
    text: `Somebody, most likely you, tried to register this address at ${service}. It has an account already, and nothing was changed.

If you have forgotten the password, set a new one here:

  ${origin}/auth/forgot-password

If it was not you, there is nothing to do.
`,
  }
}

export function invitationLetter({ service, origin }: LetterScope, to: string, secret: string): Letter {
  return {
    to,
    subject: `Your account at ${service} waits for you`,
    text: `There is an account for this address at ${service}, and nobody has shown yet that the address is theirs.

To make it yours, open this page within three days and choose its password:

  ${origin}/auth/reset-password?token=${secret}

If you expect no account there, do nothing: without this letter nobody can use it.
`,
  }
}

export function resetLetter({ service, origin }: LetterScope, to: string, secret: string): Letter {
  return {
    to,
    subject: `Set a new password for ${service}`,
    text: `Somebody, most likely you, asked for a new password at ${service}.

To choose one, open this page within half an hour:

  ${origin}/auth/reset-password?token=${secret}

If it was not you, do nothing: the password stays as it is.
`,
  }
}

/** To the address that an account had until now. The new one is not named: it may be somebody else's. */
export function addressChangedLetter({ service }: LetterScope, to: string): Letter {
  return {
    to,
    subject: `${service}: your address was changed`,
    text: `Your account at ${service} was given another address. From now on letters go there, and you sign in with it.

If you do not know of this, write to those who run ${service}: somebody else may have your account.
`,
  }
}

const NOTICES: Readonly<Record<Notice, readonly [subject: string, sentence: string]>> = {
  account_claimed: [
    'Your account is yours',
    'The password of your account was chosen for the first time, with the letter to this address.',
  ],
  password_changed: [
    'Your password was changed',
    'The password of your account was changed, and all other sessions were signed out.',
  ],
  session_stolen: [
    'A sign-in was ended',
    'A device that is signed in to your account and somebody else used the same key, which one of the two must have copied. Both were signed out.',
  ],
  totp_added: ['An authenticator app was added', 'An authenticator app was added to your account.'],
  totp_removed: ['An authenticator app was removed', 'The authenticator app was removed from your account.'],
  recovery_codes_made: [
    'New recovery codes were made',
    'New recovery codes were made for your account; the old ones no longer serve.',
  ],
  recovery_code_used: ['A recovery code was used', 'Somebody signed in to your account with a recovery code.'],
  passkey_added: ['A passkey was added', 'A passkey was added to your account.'],
  passkey_removed: ['A passkey was removed', 'A passkey was removed from your account.'],
}

export function noticeLetter({ service, origin }: LetterScope, to: string, notice: Notice): Letter {
  const [subject, sentence] = NOTICES[notice]
  return {
    to,
    subject: `${service}: ${subject.charAt(0).toLowerCase()}${subject.slice(1)}`,
    text: `${sentence}

If it was you, there is nothing to do. If not, set a new password at once: that signs everybody out.

  ${origin}/auth/forgot-password
`,
  }
}
