//! The stack machine of pickles, as far as `torch.save` uses it.
//!
//! In: bytes. Out: the value that they leave on the stack, and where they end. The machine stops at a name that is not
//! on the list of harmless ones. It refuses the opcodes of protocol 0, extensions and buffers outside of the pickle,
//! none of which PyTorch writes. What it builds is limited, and grows only with the bytes that it reads. (PEP 307, PEP
//! 3154.)

use std::collections::BTreeMap;

use crate::weight::format::Fault;

use super::harmless;
use super::numpy;
use super::value::{Heap, Slice, Value};

/// The most values on the heap, on the stack and in the memo, each.
const MOST: usize = 2_000_000;
/// Longer pickles are refused; real checkpoints have one or two megabytes of pickle.
pub(super) const LONGEST: usize = 64 << 20;

/// The most bytes in a Python name.
const LONGEST_NAME: u32 = 1000;

/// Why a pickle was not run to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes end before the pickle does.
    Short,
    /// It is wrong, or names something that is not harmless.
    Wrong(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Wrong(fault)
    }
}

/// Runs the pickle that begins at `start`; returns its value and where the next one begins.
pub(super) fn run(heap: &mut Heap, bytes: &[u8], start: usize) -> Result<(Value, usize), Stop> {
    let mut machine = Machine { heap, bytes, at: start, stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new() };
    loop {
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let value = machine.pop()?;
            return Ok((value, machine.at));
        }
        machine.step(opcode)?;
        let most = machine.heap.len().max(machine.stack.len()).max(machine.memo.len()).max(machine.marks.len());
        if most > MOST {
            return Err(damaged(format!("builds more than {MOST} things")));
        }
    }
}

struct Machine<'a> {
    heap: &'a mut Heap,
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
}

impl Machine<'_> {
    fn step(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            // Versions and frames say nothing that is needed.
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => _ = self.pop()?,
            b'1' => _ = self.marked()?,
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.stack.push(Value::Int(number.into()));
            }
            b'K' => {
                let number = self.byte()?;
                self.stack.push(Value::Int(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.stack.push(Value::Int(number.into()));
            }
            0x8A => {
                let length = self.byte()?;
                self.long(length.into())?;
            }
            0x8B => {
                let length = u32::from_le_bytes(self.array()?);
                self.long(length as usize)?;
            }
            b'G' => {
                let number = f64::from_be_bytes(self.array()?);
                self.stack.push(Value::Float(number));
            }
            // Texts and bytes, by how their length is written.
            b'U' | b'C' | 0x8C => {
                let length = self.byte()?;
                self.text(length.into())?;
            }
            b'T' | b'B' | b'X' => {
                let length = u32::from_le_bytes(self.array()?);
                self.text(length as usize)?;
            }
            0x8D | 0x8E | 0x96 => {
                let length = u64::from_le_bytes(self.array()?);
                self.text(usize::try_from(length).unwrap_or(usize::MAX))?;
            }
            b')' => self.tuple(Vec::new()),
            b't' => {
                let items = self.marked()?;
                self.tuple(items);
            }
            0x85..=0x87 => {
                let items = self.last(usize::from(opcode - 0x84))?;
                self.tuple(items);
            }
            b']' => self.list(Vec::new()),
            b'l' => {
                let items = self.marked()?;
                self.list(items);
            }
            b'}' => {
                let dict = self.heap.dict(Vec::new());
                self.stack.push(dict);
            }
            b'd' => {
                let entries = pairs(&self.marked()?)?;
                let dict = self.heap.dict(entries);
                self.stack.push(dict);
            }
            0x8F => {
                let set = Value::Object(self.heap.list(Vec::new()));
                self.stack.push(set);
            }
            0x91 => {
                let items = self.marked()?;
                let set = Value::Object(self.heap.list(items));
                self.stack.push(set);
            }
            b'a' => {
                let items = self.last(1)?;
                self.put(items)?;
            }
            b'e' | 0x90 => {
                let items = self.marked()?;
                self.put(items)?;
            }
            b's' => {
                let entry = self.last(2)?;
                self.set(&entry)?;
            }
            b'u' => {
                let entries = self.marked()?;
                self.set(&entries)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let value = harmless::named(self.heap, &module, &name)?;
                self.stack.push(value);
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (module, name) = (self.string(module)?, self.string(name)?);
                let value = harmless::named(self.heap, &module, &name)?;
                self.stack.push(value);
            }
            b'R' | 0x81 => {
                let (arguments, callee) = (self.pop()?, self.pop()?);
                let value = harmless::call(self.heap, self.bytes, callee, arguments)?;
                self.stack.push(value);
            }
            0x92 => {
                let (_, arguments, callee) = (self.pop()?, self.pop()?, self.pop()?);
                let value = harmless::call(self.heap, self.bytes, callee, arguments)?;
                self.stack.push(value);
            }
            b'b' => self.build()?,
            b'Q' => {
                let id = self.pop()?;
                let value = harmless::persistent(self.heap, self.bytes, id)?;
                self.stack.push(value);
            }
            b'q' => {
                let place = self.byte()?;
                self.remember(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.array()?);
                self.remember(place)?;
            }
            0x94 => {
                let place = u32::try_from(self.memo.len()).expect("the memo is limited");
                self.remember(place)?;
            }
            b'h' => {
                let place = self.byte()?;
                self.recall(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.array()?);
                self.recall(place)?;
            }
            other => return Err(damaged(format!("has the opcode {other:#04x}, which PyTorch never writes"))),
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = *self.bytes.get(self.at).ok_or(Stop::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or(Stop::Short)?;
        self.at += N;
        Ok(*bytes)
    }

    fn skip(&mut self, count: usize) -> Result<(), Stop> {
        self.slice(count).map(|_| ())
    }

    fn slice(&mut self, length: usize) -> Result<Slice, Stop> {
        if length > LONGEST {
            return Err(damaged(format!("has a text of {length} bytes")));
        }
        if self.bytes.len() - self.at < length {
            return Err(Stop::Short);
        }
        let [start, length32] = [self.at, length].map(|n| u32::try_from(n).expect("longer pickles are refused"));
        self.at += length;
        Ok(Slice { start, length: length32 })
    }

    fn text(&mut self, length: usize) -> Result<(), Stop> {
        let slice = self.slice(length)?;
        self.stack.push(Value::Text(slice));
        Ok(())
    }

    /// An integer, the lowest byte first, negative if its highest bit is set.
    fn long(&mut self, length: usize) -> Result<(), Stop> {
        let slice = self.slice(length)?;
        let bytes = &self.bytes[slice.start as usize..][..length];
        let value = if length <= 8 {
            let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xFF } else { 0 };
            let mut all = [fill; 8];
            all[..length].copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(all))
        } else {
            Value::Long(slice)
        };
        self.stack.push(value);
        Ok(())
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<String, Stop> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(Stop::Short)?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }

    fn string(&self, value: Value) -> Result<String, Stop> {
        match value {
            Value::Text(slice) if slice.length <= LONGEST_NAME => {
                let bytes = &self.bytes[slice.start as usize..][..slice.length as usize];
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => Err(damaged("has a name that is no text, or too long")),
        }
    }

    fn top(&self) -> Result<Value, Stop> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&top) if self.stack.len() > floor => Ok(top),
            _ => Err(damaged("takes more than it has")),
        }
    }

    fn pop(&mut self) -> Result<Value, Stop> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The last values of the stack.
    fn last(&mut self, count: usize) -> Result<Vec<Value>, Stop> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= floor);
        let from = from.ok_or_else(|| damaged("takes more than it has"))?;
        Ok(self.stack.split_off(from))
    }

    /// The values since the last mark.
    fn marked(&mut self) -> Result<Vec<Value>, Stop> {
        let from = self.marks.pop().ok_or_else(|| damaged("has no mark where it needs one"))?;
        Ok(self.stack.split_off(from))
    }

    fn tuple(&mut self, items: Vec<Value>) {
        let tuple = Value::Tuple(self.heap.list(items));
        self.stack.push(tuple);
    }

    fn list(&mut self, items: Vec<Value>) {
        let list = Value::List(self.heap.list(items));
        self.stack.push(list);
    }

    /// Puts items into the list or object on top.
    fn put(&mut self, items: Vec<Value>) -> Result<(), Stop> {
        match self.top()? {
            Value::List(node) | Value::Object(node) => self.heap.lists[node.0 as usize].extend(items),
            _ => return Err(damaged("puts something into what is no list")),
        }
        Ok(())
    }

    /// Puts entries into the dict or object on top.
    fn set(&mut self, items: &[Value]) -> Result<(), Stop> {
        let entries = pairs(items)?;
        match self.top()? {
            Value::Dict(node) => self.heap.dicts[node.0 as usize].extend(entries),
            Value::Object(node) => self.heap.lists[node.0 as usize].extend(items),
            _ => return Err(damaged("puts an entry into what is no dict")),
        }
        Ok(())
    }

    /// Sets the state of an object. Inert objects keep it; of dicts and tensors nothing in it is needed.
    fn build(&mut self) -> Result<(), Stop> {
        let state = self.pop()?;
        match self.top()? {
            Value::Object(node) => self.heap.lists[node.0 as usize].push(state),
            Value::Array(node) => numpy::set_state(self.heap, self.bytes, node, state),
            Value::Dtype(node) => numpy::set_order(self.heap, self.bytes, node, state),
            Value::Dict(_) | Value::Tensor(_) | Value::Odd(_) => {}
            _ => return Err(damaged("gives a state to what has none")),
        }
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Result<(), Stop> {
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<(), Stop> {
        let value = *self.memo.get(&place).ok_or_else(|| damaged("recalls what it has not remembered"))?;
        self.stack.push(value);
        Ok(())
    }
}

fn pairs(items: &[Value]) -> Result<Vec<(Value, Value)>, Stop> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(damaged("has a key without a value"));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn damaged(reason: impl Into<String>) -> Stop {
    Stop::Wrong(Fault::Damaged(format!("its pickle {}", reason.into())))
}
