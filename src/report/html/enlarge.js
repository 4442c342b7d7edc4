addEventListener("click", ({ target }) => {
  const open = document.querySelector("dialog");
  if (open) return open.remove();
  if (!target.matches(".panels img")) return;
  const dialog = document.createElement("dialog");
  dialog.append(target.cloneNode(), target.alt);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
});
