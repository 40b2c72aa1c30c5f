/** Puts names and waits into words for pages. */

/** `my-blog` is `My blog`. */
export function sayName(name: string): string {
  const words = name.replaceAll(/[_-]/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** How long something lasts that lasts for minutes or days, in the unit that fits: `about 3 days`. */
export function sayTerm(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60))
  if (minutes < 120) return minutes === 1 ? 'about a minute' : `about ${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `about ${hours} hours` : `about ${Math.round(hours / 24)} days`
}

export function sayWait(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  if (seconds < 60) return seconds === 1 ? 'a second' : `${Math.ceil(seconds)} seconds`
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}
