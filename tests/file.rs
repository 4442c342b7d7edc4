//! Files that are written beside their place.

use std::fs;
use std::io::Write;

use diadc::file::{NewFile, write};

#[test]
fn a_file_that_is_not_finished_leaves_what_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.txt");
    write(&path, b"first").expect("it can be written");
    let (new, mut file) = NewFile::create(&path).expect("it can be made");
    file.write_all(b"half").expect("it can be written");
    drop((new, file));
    assert_eq!(fs::read(&path).expect("it is there"), b"first");
    assert_eq!(fs::read_dir(folder.path()).expect("it can be read").count(), 1, "nothing else is left");
    write(&path, b"second").expect("it can be written");
    assert_eq!(fs::read(&path).expect("it is there"), b"second");
}

#[test]
fn what_a_killed_run_has_left_is_no_hindrance() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.txt");
    fs::write(folder.path().join("a.txt.partial"), "left over").expect("it can be written");
    write(&path, b"new").expect("it can be written");
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    assert_eq!(fs::read_dir(folder.path()).expect("it can be read").count(), 1);
}

#[test]
fn a_file_in_no_folder_can_not_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(write(&folder.path().join("none/a.txt"), b"new").is_err());
    assert!(write(folder.path(), b"new").is_err(), "a folder is not replaced");
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_are_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let (path, link) = (folder.path().join("a.txt"), folder.path().join("link.txt"));
    fs::write(&path, "old").expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink(&path, &link).expect("a link can be made");
    write(&link, b"new").expect("it can be written");
    assert!(link.is_symlink());
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
}
