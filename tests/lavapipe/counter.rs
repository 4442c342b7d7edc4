//! Counts the kernels that the runtime starts, by name: CubeCL reports each to the log.
//!
//! The log is written by a thread of its own, in the order of the launches. So after what is counted, a kernel that nothing
//! else uses is started, and its report awaited.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cubecl::config::profiling::ProfilingLogLevel;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use diadc::execute::Engine;
use log::{LevelFilter, Log, Metadata, Record};

/// Launches by the name of the kernel.
pub(crate) type Launches = BTreeMap<String, usize>;

static STARTED: Mutex<Launches> = Mutex::new(Launches::new());

struct Listener;

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let message = record.args().to_string();
        if let Some(kernel) = message.strip_prefix("Executing ") {
            *started().entry(kernel.to_owned()).or_default() += 1;
        }
    }

    fn flush(&self) {}
}

fn started() -> MutexGuard<'static, Launches> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the runtime report launches; must come before its first use.
pub(crate) fn install() {
    let mut config = CubeClRuntimeConfig::default();
    config.profiling.logger.level = ProfilingLogLevel::Minimal;
    config.profiling.logger.log.get_or_insert_default();
    CubeClRuntimeConfig::set(config);
    log::set_logger(&Listener).expect("nothing else listens");
    log::set_max_level(LevelFilter::Info);
}

/// The launches of a run. `mark` starts a kernel whose name holds `word`, and nothing else that does.
pub(crate) fn launches(
    engine: &mut dyn Engine,
    run: impl Fn(&mut dyn Engine),
    mark: impl Fn(&mut dyn Engine),
    word: &str,
) -> Launches {
    let settled = |engine: &mut dyn Engine| {
        mark(engine);
        let begun = Instant::now();
        while !started().keys().any(|kernel| kernel.contains(word)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the runtime reports no launches: {:?}", started());
            std::thread::sleep(Duration::from_millis(1));
        }
        std::mem::take(&mut *started())
    };
    settled(engine);
    run(engine);
    let mut launches = settled(engine);
    launches.retain(|kernel, _| !kernel.contains(word));
    launches
}
