/** One clock for all views of a page, which ticks for what somebody sees. */

const CLOCK = Symbol.for("flexwm.clock");
const TICK = 1000; // milliseconds
const BETWEEN = 200; // milliseconds between two paintings of what comes at any time
const NEAR = "200px"; // what is so far out of sight counts as seen, so that it does not change as it comes into sight

/**
 * Call `draw` every second while the element is in sight, and as soon as it comes into sight; all are called in one go, so
 * that the page is painted once. What it gives says whether the element is in sight.
 */
export function everySecond(element, draw) {
  const { draws, seen, sight } = (globalThis[CLOCK] ??= wound());
  draws.set(element, draw);
  sight.observe(element);
  return () => seen.has(element);
}

/** Call `draw` with the next ones that are awaited, a few times a second at most: a page is painted as a whole. */
export function soon(draw) {
  const { awaited } = (globalThis[CLOCK] ??= wound());
  if (awaited.draws.has(draw)) return;
  awaited.draws.add(draw);
  if (awaited.draws.size > 1) return;
  setTimeout(() => requestAnimationFrame(() => {
    awaited.last = performance.now();
    const draws = [...awaited.draws];
    awaited.draws.clear();
    for (const each of draws) each();
  }), Math.max(awaited.last + BETWEEN - performance.now(), 0));
}

function wound() {
  const draws = new WeakMap(); // by element, so that one that is gone is forgotten
  const seen = new Set();
  let timer = 0;
  const tick = () => {
    for (const element of seen) soon(draws.get(element)); // with what else is to be painted
  };
  const wind = () => {
    const isWanted = seen.size > 0 && document.visibilityState !== "hidden";
    if (isWanted && !timer) timer = setInterval(tick, TICK);
    if (!isWanted) timer = clearInterval(timer) ?? 0;
  };
  const sight = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
      if (isIntersecting) draws.get(target)();
    }
    wind();
  }, { rootMargin: NEAR, scrollMargin: NEAR });
  document.addEventListener("visibilitychange", () => {
    tick();
    wind();
  });
  return { draws, seen, sight, awaited: { draws: new Set(), last: 0 } };
}
