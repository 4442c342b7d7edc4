//! Keys of good pixels, of which there are many: in memory, or in a file without a name once that is full.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rayon::prelude::*;

use super::MetricError;
use super::score::Bits;

/// Keys in one piece of memory.
const CHUNK: usize = 1 << 20;

/// Keys in no order. The file vanishes with the value.
#[derive(Debug, Default)]
pub(super) struct Store<B> {
    chunks: Vec<Vec<B>>,
    file: Option<File>,
    in_file: u64,
}

impl<B: Bits> Store<B> {
    pub(super) fn push(&mut self, keys: impl Iterator<Item = B>) {
        let mut keys = keys.peekable();
        while keys.peek().is_some() {
            match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                Some(chunk) => chunk.extend(keys.by_ref().take(CHUNK - chunk.len())),
                None => self.chunks.push(Vec::with_capacity(4096)),
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.in_file + self.chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>()
    }

    /// Bytes of memory that [`Store::spill`] would free.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.capacity() * B::BYTES).sum()
    }

    /// Moves all keys from memory to the file.
    pub(super) fn spill(&mut self) -> Result<(), MetricError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile().map_err(|error| MetricError::spill(&error))?,
        };
        let mut buffer = Vec::with_capacity(CHUNK * B::BYTES);
        for chunk in self.chunks.drain(..) {
            buffer.clear();
            chunk.iter().for_each(|key| key.write(&mut buffer));
            file.write_all(&buffer).map_err(|error| MetricError::spill(&error))?;
            self.in_file += chunk.len() as u64;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Shows all keys to `look`, some at a time, on all cores.
    pub(super) fn each(&mut self, look: impl Fn(&[B]) + Sync) -> Result<(), MetricError> {
        self.chunks.par_iter().for_each(|chunk| chunk.par_chunks(CHUNK / 8).for_each(&look));
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(0)).map_err(|error| MetricError::spill(&error))?;
        let mut left = self.in_file as usize;
        let mut bytes = vec![0; 4 * CHUNK * B::BYTES];
        while left > 0 {
            let take = left.min(4 * CHUNK);
            let bytes = &mut bytes[..take * B::BYTES];
            file.read_exact(bytes).map_err(|error| MetricError::spill(&error))?;
            bytes.par_chunks(CHUNK / 8 * B::BYTES).for_each(|bytes| look(&B::read(bytes)));
            left -= take;
        }
        Ok(())
    }
}
