// What blinks does so together, by one class of the document: an animation of a style sheet would have the page compute
// the style of each mark for every frame, for as long as an alert waits.

const PHASE_MS = 500;

export function beginToBlink(root: Element): void {
  setInterval(() => root.classList.toggle("dim-phase"), PHASE_MS);
}
