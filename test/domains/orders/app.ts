/** The domain of orders as an application, for tests. */
import { app } from 'plinth'
import { orders } from './domain.ts'

export const ordersApp = app({ domain: orders, folder: import.meta.dirname })
