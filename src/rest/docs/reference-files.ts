/** What the reference page adds to Swagger UI: its start, and the look of the other pages. */

export const REFERENCE_SCRIPT = `'use strict'
const scheme = window.matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', scheme.matches)
scheme.addEventListener('change', follow)
follow()
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: 'list',
  syntaxHighlight: { activated: true },
  validatorUrl: null,
})
`

export const REFERENCE_STYLE = `.swagger-ui { font-family: system-ui, sans-serif; }
.swagger-ui .wrapper { max-width: 76rem; padding: 0 1.5rem; }
.swagger-ui .info { margin: 2rem 0 1rem; }
.swagger-ui .info .title, .swagger-ui .opblock-tag, .swagger-ui .info p, .swagger-ui .info li { font-family: inherit; }
.swagger-ui .info .description { max-width: 46rem; }
.swagger-ui .scheme-container { box-shadow: none; border-block: 1px solid var(--line); background: var(--shade); }
html.dark-mode .swagger-ui .scheme-container { background: var(--shade); }
html.dark-mode body { background: var(--paper); }
`
