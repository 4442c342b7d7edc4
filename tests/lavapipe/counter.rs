//! lavapipe as a runtime that counts: which kernels it starts, and how many bytes the tensors hold that they are given.
//!
//! Everything is handed on to CubeCL's runtime for Vulkan. So what burn starts is counted like what diadc starts.

#![allow(unsafe_code, reason = "CubeCL has a launch be an unsafe function")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn_wgpu::{WgpuDevice, WgpuRuntime};
use cubecl::bytes::Bytes;
use cubecl::client::ComputeClient;
use cubecl::device::{DeviceId, DeviceService, ServerUtilitiesHandle};
use cubecl::future::DynFut;
use cubecl::ir::TargetProperties;
use cubecl::profile::ProfileDuration;
use cubecl::server::{
    Binding, ComputeServer, CopyDescriptor, KernelArguments, ProfileError, ProfilingToken, ServerCommunication,
    ServerError, ServerUtilities,
};
use cubecl::stream_id::StreamId;
use cubecl::zspace::{Shape, Strides};
use cubecl::{CubeCount, ExecutionMode, MemoryUsage, Runtime};
use cubecl_runtime::logging::ServerLogger;
use cubecl_runtime::memory_management::{ManagedMemoryHandle, MemoryAllocationMode};
use cubecl_runtime::storage::{ComputeStorage, ManagedResource};

type Inner = <WgpuRuntime as Runtime>::Server;

/// What was started under one name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Launches {
    /// How often.
    pub(crate) count: usize,
    /// The bytes of the tensors that it was given, each time. What is read and overwritten counts once.
    pub(crate) bytes: u64,
}

/// By the name of the kernel.
pub(crate) type Counts = BTreeMap<&'static str, Launches>;

static COUNTS: Mutex<Counts> = Mutex::new(Counts::new());

fn counts() -> MutexGuard<'static, Counts> {
    COUNTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has been started since the last call, by whatever has been waited for.
pub(crate) fn take() -> Counts {
    std::mem::take(&mut *counts())
}

/// The runtime.
#[derive(Clone, Debug)]
pub(crate) struct Counting;

/// Its server.
pub(crate) struct Server {
    inner: Inner,
    utilities: Arc<ServerUtilities<Server>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Runtime for Counting {
    type Compiler = <WgpuRuntime as Runtime>::Compiler;
    type Server = Server;
    type Device = WgpuDevice;

    fn client(device: &WgpuDevice) -> ComputeClient<Counting> {
        ComputeClient::load(device)
    }

    fn name(_client: &ComputeClient<Counting>) -> &'static str {
        "wgpu"
    }

    fn require_array_lengths() -> bool {
        WgpuRuntime::require_array_lengths()
    }

    fn max_cube_count() -> (u32, u32, u32) {
        WgpuRuntime::max_cube_count()
    }

    fn can_read_tensor(shape: &Shape, strides: &Strides) -> bool {
        WgpuRuntime::can_read_tensor(shape, strides)
    }

    fn target_properties() -> TargetProperties {
        WgpuRuntime::target_properties()
    }

    fn enumerate_devices(kind: u16, info: &<Server as ComputeServer>::Info) -> Vec<DeviceId> {
        WgpuRuntime::enumerate_devices(kind, info)
    }
}

impl DeviceService for Server {
    fn init(device: DeviceId) -> Server {
        let inner = Inner::init(device);
        let own = ComputeServer::utilities(&inner);
        let policy = <Inner as ComputeServer>::MemoryLayoutPolicy::new(own.properties.memory.alignment as usize);
        let utilities = ServerUtilities::new(own.properties.clone(), own.logger.clone(), own.info, policy);
        Server { inner, utilities: Arc::new(utilities) }
    }

    fn utilities(&self) -> ServerUtilitiesHandle {
        Arc::<ServerUtilities<Server>>::clone(&self.utilities)
    }
}

impl ServerCommunication for Server {
    const SERVER_COMM_ENABLED: bool = false;
}

impl ComputeServer for Server {
    type Kernel = <Inner as ComputeServer>::Kernel;
    type Info = <Inner as ComputeServer>::Info;
    type MemoryLayoutPolicy = <Inner as ComputeServer>::MemoryLayoutPolicy;
    type Storage = <Inner as ComputeServer>::Storage;

    unsafe fn launch(
        &mut self,
        kernel: Self::Kernel,
        count: CubeCount,
        given: KernelArguments,
        mode: ExecutionMode,
        stream: StreamId,
    ) {
        let bytes: u64 = given.buffers.iter().map(Binding::size_in_used).sum();
        let mut counts = counts();
        let launches = counts.entry(kernel.name()).or_default();
        (launches.count, launches.bytes) = (launches.count + 1, launches.bytes + bytes);
        drop(counts);
        // SAFETY: what the caller promises holds for the server that it is handed on to.
        unsafe { self.inner.launch(kernel, count, given, mode, stream) }
    }

    fn initialize_memory(&mut self, memory: ManagedMemoryHandle, size: u64, stream: StreamId) {
        self.inner.initialize_memory(memory, size, stream);
    }

    fn staging(&mut self, sizes: &[usize], stream: StreamId) -> Result<Vec<Bytes>, ServerError> {
        self.inner.staging(sizes, stream)
    }

    fn logger(&self) -> Arc<ServerLogger> {
        self.inner.logger()
    }

    fn utilities(&self) -> Arc<ServerUtilities<Server>> {
        Arc::clone(&self.utilities)
    }

    fn read(&mut self, from: Vec<CopyDescriptor>, stream: StreamId) -> DynFut<Result<Vec<Bytes>, ServerError>> {
        self.inner.read(from, stream)
    }

    fn write(&mut self, to: Vec<(CopyDescriptor, Bytes)>, stream: StreamId) {
        self.inner.write(to, stream);
    }

    fn sync(&mut self, stream: StreamId) -> DynFut<Result<(), ServerError>> {
        self.inner.sync(stream)
    }

    fn get_resource(
        &mut self,
        binding: Binding,
        stream: StreamId,
    ) -> Result<ManagedResource<<Self::Storage as ComputeStorage>::Resource>, ServerError> {
        self.inner.get_resource(binding, stream)
    }

    fn flush(&mut self, stream: StreamId) -> Result<(), ServerError> {
        self.inner.flush(stream)
    }

    fn memory_usage(&mut self, stream: StreamId) -> Result<MemoryUsage, ServerError> {
        self.inner.memory_usage(stream)
    }

    fn memory_cleanup(&mut self, stream: StreamId) {
        self.inner.memory_cleanup(stream);
    }

    fn start_profile(&mut self, stream: StreamId) -> Result<ProfilingToken, ServerError> {
        self.inner.start_profile(stream)
    }

    fn end_profile(&mut self, stream: StreamId, token: ProfilingToken) -> Result<ProfileDuration, ProfileError> {
        self.inner.end_profile(stream, token)
    }

    fn allocation_mode(&mut self, mode: MemoryAllocationMode, stream: StreamId) {
        self.inner.allocation_mode(mode, stream);
    }
}
