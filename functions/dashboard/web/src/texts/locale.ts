// How times and numbers are written: as the browser's own region does it, where its language is the one on the screen.

/** `en-GB` where English was chosen in a British browser; the plain language where the browser speaks another one. */
export function localeOf(language: string): string {
  const tag = new RegExp(`^${language}(-[a-z\\d]{2,8})*$`, "i"); // some systems name what is no tag: "en-US@posix"
  return navigator.languages.find((one) => tag.test(one)) ?? language;
}
