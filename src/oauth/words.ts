/** Puts names and waits into words for pages. */

/** `my-blog` is `My blog`. */
export function sayName(name: string): string {
  const words = name.replaceAll(/[_-]/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function sayWait(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  if (seconds < 60) return seconds === 1 ? 'a second' : `${Math.ceil(seconds)} seconds`
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}
