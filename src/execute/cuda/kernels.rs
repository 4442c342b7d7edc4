//! Has CubeCL keep the kernels that it compiles, in the user's cache folder.
//!
//! CubeCL knows a kernel by its name and shape alone. So there is a folder for each kind of graphics processor, driver and
//! compiler, and a change of the program empties it ([`KernelCache`]). A folder that a `cubecl.toml` names stays in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

use diadc_core::file::cache_folder;

use super::cache::{KernelCache, program};

/// Where a device keeps its kernels, and what a user must know of that.
#[derive(Default)]
pub(crate) struct Keeping {
    /// The folder; none if a `cubecl.toml` names one, or none can be used.
    pub(crate) cache: Option<Arc<KernelCache>>,
    /// Why none can be used; told once in a process.
    pub(crate) remark: Option<String>,
}

/// Chooses where a device keeps its kernels, and tells CubeCL. This must come before the device's first operation, and no
/// other device may begin between the two. `kind` is what compiled kernels depend on.
pub(crate) fn keep(kind: Result<Vec<String>, String>) -> Keeping {
    static GIVEN: OnceLock<bool> = OnceLock::new();
    if *GIVEN.get_or_init(|| CubeClRuntimeConfig::get().compilation.cache.is_some()) {
        return Keeping::default();
    }
    let keeping = chosen(kind, cache_folder());
    // Unlike `set`, this can be done again, for a device of another kind.
    let mut config = CubeClRuntimeConfig::get().as_ref().clone();
    config.compilation.cache = keeping.cache.as_ref().map(|cache| CacheConfig::File(cache.root()));
    *CubeClRuntimeConfig::storage().lock() = Some(Arc::new(config));
    keeping
}

/// The folder for kernels of a kind below `within`. This process opens each once.
fn chosen(kind: Result<Vec<String>, String>, within: Option<PathBuf>) -> Keeping {
    static KNOWN: Mutex<BTreeMap<PathBuf, Option<Arc<KernelCache>>>> = Mutex::new(BTreeMap::new());
    let within = within.map(|within| within.join("kernels"));
    let place = match (&within, &kind) {
        (Some(within), Ok(kind)) => within.join(name(kind)),
        (Some(_), Err(_)) | (None, _) => PathBuf::new(),
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cache) = known.get(&place) {
        return Keeping { cache: cache.clone(), remark: None };
    }
    let opened = match (within, kind) {
        (None, _) => Err("neither HOME nor XDG_CACHE_HOME names a folder".to_owned()),
        (Some(_), Err(words)) => Err(words),
        (Some(_), Ok(_)) => open(&place),
    };
    let keeping = match opened {
        Ok(cache) => Keeping { cache: Some(Arc::new(cache)), remark: None },
        Err(reason) => {
            let remark = format!("compiled kernels are not kept, and each run compiles them again: {reason}");
            Keeping { cache: None, remark: Some(remark) }
        }
    };
    known.insert(place, keeping.cache.clone());
    keeping
}

fn open(place: &Path) -> Result<KernelCache, String> {
    let cache = program().and_then(|program| KernelCache::open(place, program));
    cache.map_err(|error| format!("{}: {error}", place.display()))
}

/// The name of the folder for a kind: its words as far as file names hold them, and their checksum.
fn name(kind: &[String]) -> String {
    let words = kind.iter().filter(|word| !word.contains(['/', '\\'])).map(|word| {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
        word.chars().map(plain).collect::<String>()
    });
    let crc = crc32c::crc32c(kind.join("\n").as_bytes());
    words.chain([format!("{crc:08x}")]).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(driver: &str) -> Vec<String> {
        ["NVIDIA H200", "sm90", driver, "nvrtc12.8", "/usr/local/cuda"].map(str::to_owned).to_vec()
    }

    #[test]
    fn each_kind_has_a_folder_with_a_plain_name() {
        assert_eq!(name(&kind("driver13000")), "NVIDIA_H200-sm90-driver13000-nvrtc12.8-7b43b1a0");
        assert_ne!(name(&kind("driver13000")), name(&kind("driver13010")));
        assert_ne!(name(&["a b".to_owned()]), name(&["a_b".to_owned()]));
    }

    #[test]
    fn a_process_opens_a_folder_once() {
        let home = tempfile::tempdir().expect("there is room");
        let choose = |driver| chosen(Ok(kind(driver)), Some(home.path().to_owned()));
        let root = |keeping: &Keeping| keeping.cache.as_ref().expect("it can be written").root();
        let (first, again, other) = (choose("a"), choose("a"), choose("b"));
        assert_eq!(root(&first), root(&again));
        assert_ne!(root(&first), root(&other));
        assert_eq!((first.remark, again.remark), (None, None));
    }

    #[test]
    fn a_folder_that_can_not_be_used_is_told_once() {
        let home = tempfile::tempdir().expect("there is room");
        let file = home.path().join("file");
        std::fs::write(&file, "").expect("it can be written");
        let told = [(); 2].map(|()| {
            let keeping = chosen(Ok(kind("a")), Some(file.clone()));
            assert!(keeping.cache.is_none());
            keeping.remark
        });
        let [Some(words), None] = told else { panic!("it is told once: {told:?}") };
        assert!(words.starts_with("compiled kernels are not kept, and each run compiles them again: "), "{words}");
        assert!(words.contains(&file.display().to_string()), "{words}");
    }

    #[test]
    fn cubecl_is_told_again_and_again() {
        keep(Err("no driver".to_owned()));
        keep(Err("no driver".to_owned()));
        assert!(CubeClRuntimeConfig::get().compilation.cache.is_none());
    }
}
