//! A real client: Neovim without a screen, driven by a script.

use std::path::Path;
use std::process::Command;

use crate::skip;

const SPEC: &str = "use std::autoencoder::{ConvAutoencoder}

model M {
    data { size = 32 }
    part net = ConvAutoencoder(widths: [4, 8])
    fn back(image:[B, 3, 32, 32]) {
        let latent = net.encode(image)
        net.decode(latent)
    }
}
";

#[test]
fn neovim_opens_breaks_hovers_jumps_renames_and_formats() {
    let Some(neovim) = skip::program("neovim", &["nvim"], "Debian's package neovim") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("spec.diad");
    std::fs::write(&file, SPEC).expect("the folder can be written to");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/neovim.lua");
    let output = Command::new(neovim)
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-c"])
        .arg(format!("luafile {}", script.display()))
        .env("DIADC", env!("CARGO_BIN_EXE_diadc"))
        .env("SPEC", &file)
        .output()
        .expect("nvim can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("all is well"), "{said}");
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(text.contains("        let code = net.encode(image)\n        net.decode(code)\n"), "{text}");
    assert!(text.contains("fn back(image: [B, 3, 32, 32]) {"), "{text}");
}
