// What is wrong on the page that is open, whatever it is about: a list of sentences.
() => {
  const faults = [];
  const root = document.documentElement;
  const all = (what) => [...document.querySelectorAll(what)];
  const isSeen = (element) => element.offsetParent !== null;
  const words = (element) => (element.ariaLabel || element.textContent).trim();

  if (root.scrollWidth > window.innerWidth) {
    const wide = all("*")
      .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
      .filter((one) => !one.closest(".wide, pre"))
      .map((one) => `${one.tagName}.${one.className}`);
    faults.push(`scrolls sideways, ${root.scrollWidth} px wide: ${wide.slice(0, 5).join(" ")}`);
  }
  if (!/^(en|fr|de)$/.test(root.lang)) faults.push(`its language is "${root.lang}"`);
  if (!document.title.trim()) faults.push("no title");
  for (const what of ["h1", "main"])
    if (all(what).length !== 1) faults.push(`${all(what).length} of ${what}`);

  let level = 1;
  for (const heading of all("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`h${next} after h${level}: ${words(heading)}`);
    level = next;
  }
  for (const field of all("input:not([type=hidden]), select, textarea")) {
    const labels = [...field.labels].filter((label) => label.textContent.trim());
    if (isSeen(field) && !labels.length && !field.ariaLabel)
      faults.push(`no label: ${field.tagName} ${field.name}`);
  }
  for (const radio of all("input[type=radio]"))
    if (!radio.closest("fieldset")?.querySelector("legend"))
      faults.push(`no legend: ${radio.name}`);
  for (const one of all("a[href], button"))
    if (isSeen(one) && !words(one)) faults.push(`no words: ${one.outerHTML}`);
  const ids = all("[id]").map((one) => one.id);
  const twice = ids.filter((id, number) => ids.indexOf(id) !== number);
  if (twice.length) faults.push(`ids twice: ${twice}`);

  for (const cell of all("td, th"))
    if (isSeen(cell) && cell.scrollWidth > cell.clientWidth + 2)
      faults.push(`cut off: ${words(cell)}`);
  // A finger needs 24 px: WCAG 2.2, 2.5.8.
  for (const one of all("button, summary, select, input:not([type=hidden])"))
    if (isSeen(one) && window.innerWidth < 500) {
      // Its label is pressed as well as the box itself.
      const target = one.closest("label, .tick") ?? one;
      if (target.getBoundingClientRect().height < 24)
        faults.push(`too small for a finger: ${one.tagName} ${words(target)}`);
    }
  return faults;
}
