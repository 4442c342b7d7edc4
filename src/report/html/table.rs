//! The frame of a table that may be wider than the page, and then scrolls, also by the keyboard.

use std::fmt::{self, Display, Write};

/// Begins a table with these titles, which are HTML.
pub(super) fn open(page: &mut String, titles: impl IntoIterator<Item = impl Display>) -> fmt::Result {
    write!(page, "<div class=\"wide\" tabindex=\"0\">\n<table>\n<thead><tr>")?;
    titles.into_iter().try_for_each(|title| write!(page, "<th scope=\"col\">{title}</th>"))?;
    writeln!(page, "</tr></thead>\n<tbody>")
}

/// Ends it.
pub(super) fn close(page: &mut String) -> fmt::Result {
    writeln!(page, "</tbody>\n</table>\n</div>")
}
