// What does not fit and scrolls must scroll by keyboard too (WCAG 2.1.1): it takes the focus while it overflows.

/** An attachment for an element whose overflow scrolls. */
export function scrollable(element: HTMLElement): () => void {
  function look(): void {
    const over = element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
    if (over) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
  const sizes = new ResizeObserver(look);
  sizes.observe(element);
  const contents = new MutationObserver(look);
  contents.observe(element, { childList: true, subtree: true, characterData: true });
  return () => {
    sizes.disconnect();
    contents.disconnect();
  };
}
