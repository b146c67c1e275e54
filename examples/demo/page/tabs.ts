/** Tabs by click and by arrow keys, Home and End, as the ARIA pattern has them; the address remembers which. */
export function startTabs(list: HTMLElement): void {
  const tabs = [...list.querySelectorAll<HTMLButtonElement>('[role="tab"]')];
  const choose = (chosen: HTMLButtonElement) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')!)!.hidden = !on;
    }
    history.replaceState(null, '', `#${chosen.id.replace('tab-', '')}`);
  };
  const move = (key: string): HTMLButtonElement | undefined => {
    const at = tabs.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[key];
    return to === undefined ? undefined : tabs.at(to % tabs.length);
  };
  for (const tab of tabs) tab.addEventListener('click', () => choose(tab));
  list.addEventListener('keydown', (event) => {
    const next = move(event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    choose(next);
  });
  const asked = tabs.find((tab) => tab.id === `tab-${location.hash.slice(1)}`);
  if (asked) choose(asked);
}
