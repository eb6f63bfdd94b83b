/// <reference lib="dom" />
/** Returns the element with an id. */
export function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Shows a message in the element with an id, or hides the element. */
export function say(id: string, message: string | undefined): void {
  const place = element(id);
  place.hidden = message === undefined;
  // Screen readers announce every change.
  if (place.textContent !== message) place.textContent = message ?? "";
}

/** Fills a description list with names and values. */
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
