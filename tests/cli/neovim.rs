//! A real client: Neovim without a screen, driven by a script. Where it is not installed, this says so and passes.

use std::path::Path;
use std::process::Command;

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
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn neovim_opens_breaks_hovers_jumps_renames_and_formats() {
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("nvim is not installed: nothing is tested with it");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("spec.diad");
    std::fs::write(&file, SPEC).expect("the folder can be written to");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/neovim.lua");
    let output = Command::new("nvim")
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
