/** The domain of chats as an application, for tests. */
import { app } from 'plinth'
import { chat } from './domain.ts'

export const chatApp = app({ domain: chat, folder: import.meta.dirname })
