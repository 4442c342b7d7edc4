//! Specs whose texts come from memory: the language reads no file by itself.

use std::path::Path;

use diadc_lang::compile::{compile, compile_from};
use diadc_lang::resolve::Location;
use diadc_lang::source::Memory;

use super::shown;

const ROOT: &str = "use \"parts/net.diad\"::{Net}
use std::autoencoder::{TinyBlock}

model M {
    part net = Net()
    part tiny = TinyBlock()
    fn f(x: [B, 3, 8, 8]) { net(x) }
    fn g(x: [B, 4, 8, 8]) { tiny(x) }
}
";
const NET: &str = "use \"../width.diad\"::{width}\n\nblock Net() { fn (x) { x |> conv(3, out: width) @ \"conv\" } }\n";

fn memory(files: &[(&str, &str)]) -> Memory {
    let mut memory = Memory::default();
    for (path, text) in files {
        memory.write(*path, *text);
    }
    memory
}

#[test]
fn a_spec_and_all_that_it_uses_compile_from_memory_alone() {
    let files = memory(&[("spec.diad", ROOT), ("parts/net.diad", NET), ("width.diad", "let width = 8\n")]);
    let compiled = compile_from(&files, &Location::File("spec.diad".into()), &[]);
    let compiled = compiled.unwrap_or_else(|failed| panic!("{}", shown(&failed)));
    let conv = compiled.program.weights.iter().find(|weight| weight.path == "net.conv.weight").expect("it has a layer");
    assert_eq!(conv.shape, [8, 3, 3, 3], "the width comes from the third file");
}

/// What is said about the spec in a folder, with these files on disk there, and with the same files in memory.
fn on_disk_and_in_memory(files: &[(&str, &str)]) -> [String; 2] {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut memory = Memory::default();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).expect("the folder can be written to");
        std::fs::write(&path, text).expect("the folder can be written to");
        memory.write(path, *text);
    }
    let location = Location::File(folder.path().join("spec.diad"));
    [compile(&location, &[]), compile_from(&memory, &location, &[])].map(|result| match result {
        Ok(_) => panic!("something is missing"),
        Err(failed) => shown(&failed),
    })
}

#[test]
fn a_missing_import_is_the_same_mistake_in_memory_as_on_disk() {
    for files in [
        [("spec.diad", ROOT), ("width.diad", "let width = 8\n")].as_slice(),
        &[("spec.diad", ROOT), ("parts/net.diad", NET)],
        &[],
    ] {
        let [disk, memory] = on_disk_and_in_memory(files);
        assert_eq!(disk, memory);
        assert!(memory.contains("error[unreadable-file]") && memory.contains("there is no such file"), "{memory}");
    }
}
