/** A password that is a digest already, on its way through the engine. A class of its own, so that no text of a client can pass for one. */
export class PasswordDigest {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
