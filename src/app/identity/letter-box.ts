/** Where letters go: to the mail server that `MAIL_URL` names, or into files, for development. */
import { join } from 'node:path'
import type { LetterScope, SendLetter } from '../../auth/index.ts'
import { createFileOutbox, createSmtpMailer, type Letter, type Mailer } from '../../mail/index.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import { openDataFolder } from '../database.ts'
import type { App } from '../declare.ts'
import type { LaterTasks } from '../later.ts'
import type { Settings } from '../settings.ts'

export interface LetterBoxOptions {
  readonly app: App
  readonly settings: Settings
  readonly issuer: string
  /** Told of each letter once it is in its file; with a mail server of nothing. */
  readonly onLetter?: ((letter: Letter) => void) | undefined
}

export interface LetterBox {
  /** What all letters have in common. */
  readonly scope: LetterScope
  /** Sends a letter after the answer. */
  readonly send: SendLetter
  close(): Promise<void>
}

export function openLetterBox({ app, settings, issuer, ...options }: LetterBoxOptions, later: LaterTasks): LetterBox {
  const mailer = openMailer(app, settings)
  const onLetter = settings.mailUrl === undefined ? options.onLetter : undefined
  return {
    scope: { service: app.domain.name, origin: issuer },
    send: (letter) =>
      later.follow(async () => {
        await mailer.send(letter)
        onLetter?.(letter)
      }),
    close: () => mailer.close(),
  }
}

function openMailer(app: App, { mailUrl, mailFrom }: Settings): Mailer {
  if (mailUrl === undefined) return createFileOutbox({ folder: join(openDataFolder(app), 'mail'), clock: SYSTEM_CLOCK })
  return createSmtpMailer({ url: mailUrl, from: mailFrom })
}
