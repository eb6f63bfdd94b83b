/// <reference lib="dom" />
/** The element of the page with an id. */
export function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Shows a message in its place, or none. */
export function say(id: string, message: string | undefined): void {
  const place = element(id);
  place.hidden = message === undefined;
  // Only when it changes, because it may be read aloud.
  if (place.textContent !== message) place.textContent = message ?? "";
}

/** Shows facts as terms and their values. */
export function fillFacts(
  list: HTMLElement,
  facts: Record<string, string>,
): void {
  list.replaceChildren(
    ...Object.entries(facts).map(([name, value]) => {
      const pair = document.createElement("div");
      const term = document.createElement("dt");
      const description = document.createElement("dd");
      term.textContent = name;
      description.textContent = value;
      pair.append(term, description);
      return pair;
    }),
  );
}
