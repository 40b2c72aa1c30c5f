export { createFileOutbox, type FileOutboxOptions } from './file-outbox.ts'
export { type Letter, MailError, type Mailer } from './mailer.ts'
export { createSmtpMailer, type SmtpMailerOptions } from './smtp-mailer.ts'
