const panels = [...document.querySelectorAll(".panels img")];
for (const image of panels) {
  image.tabIndex = 0;
  image.setAttribute("role", "button");
  image.setAttribute("aria-haspopup", "dialog");
}
function enlarge(image) {
  const dialog = document.createElement("dialog");
  const show = (next) => {
    image = next;
    dialog.setAttribute("aria-label", image.alt);
    const large = new Image();
    [large.src, large.alt, large.className] = [image.src, image.alt, image.className];
    dialog.replaceChildren(large, image.alt);
  };
  show(image);
  dialog.addEventListener("keydown", ({ key }) => {
    const next = panels[panels.indexOf(image) + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? NaN)];
    if (next) show(next);
  });
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    image.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}
document.addEventListener("click", ({ target }) => target.matches(".panels img") && enlarge(target));
document.addEventListener("keydown", (event) => {
  if (!event.target.matches(".panels img") || !["Enter", " "].includes(event.key)) return;
  event.preventDefault();
  enlarge(event.target);
});
