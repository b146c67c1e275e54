/** The element of an id, of the class that is expected; the page's HTML has it. */
export function byId<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`no ${kind.name} #${id} in the page`);
}

/** What went wrong, as text with its code, in a place that is read out. */
export function showError(place: HTMLElement, error: unknown): void {
  const { message = String(error) } = error as Partial<Error>;
  place.textContent = message;
  place.hidden = false;
  if ((error as { code?: string }).code === undefined) console.error(error);
}

export function hideError(place: HTMLElement): void {
  place.hidden = true;
  place.textContent = '';
}

/** Tells screen readers; short, and not too often. */
export function say(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

/** A number as people write it: 3 digits that count. */
export const readable = (n: number): string =>
  Number.isFinite(n) ? Number(n.toPrecision(3)).toLocaleString('en') : '–';
