// The process: allocator, threads, determinism, devices, and what is linked.
#include "torch/th_internal.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/DeviceGuard.h>
#include <torch/version.h>
#ifdef DMTL_CUDA // the Makefile's: this libtorch was built with CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#endif

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <malloc.h>
#include <sched.h>

// Blocks up to this size stay in the heap between steps instead of being mapped and unmapped each
// time. mallopt takes an int: 1 GiB is the largest power of two that it can be told.
static const int heap_threshold_bytes = 1 << 30;
// glibc before 2.35 refuses an mmap threshold above half of its HEAP_MAX_SIZE.
static const int old_glibc_threshold_bytes = 1 << 25;

static bool raise_heap_thresholds() {
#ifdef __SANITIZE_ADDRESS__ // its allocator has none, and refuses
    return true;
#else
    return (mallopt(M_MMAP_THRESHOLD, heap_threshold_bytes) == 1 ||
               mallopt(M_MMAP_THRESHOLD, old_glibc_threshold_bytes) == 1) &&
           mallopt(M_TRIM_THRESHOLD, heap_threshold_bytes) == 1;
#endif
}

// Cores that this process may run on; libtorch's own default counts pairs of hardware threads as one.
static int usable_cores() {
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

// Debian's OpenBLAS has a pool of its own, of all cores, that libtorch's call does not reach.
static void set_threads(int threads) {
    at::set_num_threads(threads);
    if (void *set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
        reinterpret_cast<void (*)(int)>(set)(threads);
}

// Whether the library that the loader found is of its headers' version, which the store records: calls into
// another may fit by name and not by layout. Since 2.8 a library says its version, a byte each; an older one
// is found out by the loader alone.
static bool same_version(struct err *e) {
    auto say = reinterpret_cast<uint64_t (*)()>(dlsym(RTLD_DEFAULT, "aoti_torch_abi_version"));
    const unsigned top = say ? static_cast<unsigned>(say() >> 40) : 0;
    const int major = top >> 16, minor = top >> 8 & 255, patch = top & 255;
    const bool same = major == TORCH_VERSION_MAJOR && minor == TORCH_VERSION_MINOR &&
                      patch == TORCH_VERSION_PATCH;
    if (same || (!say && TORCH_VERSION_MAJOR * 1000 + TORCH_VERSION_MINOR < 2008))
        return true;
    Dl_info library;
    const bool found = dladdr(reinterpret_cast<void *>(&at::get_num_threads), &library) != 0;
    const char *path = found ? library.dli_fname : "libtorch_cpu.so";
    const std::string version =
        say ? std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch)
            : "older";
    return err_set(e,
        "built for libtorch %s, but %s is %s: build it again for that one (README.md, "
        "\"Building otherwise\"), or clear LD_LIBRARY_PATH",
        TORCH_VERSION, path, version.c_str());
}

bool th_setup(int threads, bool deterministic, struct err *e) {
    if (!same_version(e))
        return false;
    if (!raise_heap_thresholds())
        return err_set(e, "the allocator refuses thresholds of %d bytes; run with glibc's malloc",
            old_glibc_threshold_bytes);
    try {
        set_threads(threads > 0 ? threads : usable_cores());
        th_set_precision(TH_IN_F32);            // on a GPU libtorch's own default is another
        if (at::get_num_interop_threads() != 1) // can be told once alone
            at::set_num_interop_threads(1);
        if (deterministic) {
            // cuBLAS asks for it before its first call; without it deterministic products refuse.
            setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
            at::globalContext().setDeterministicAlgorithms(true, false);
            at::globalContext().setBenchmarkCuDNN(false);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
            // Fills every new tensor with NaN: for finding bugs, at the price of a write each.
            at::globalContext().setDeterministicFillUninitializedMemory(false);
#endif
        }
        return true;
    } catch (const c10::Error &error) {
        return err_set(e, "libtorch cannot be set up: %s", error.what_without_backtrace());
    } catch (const std::exception &error) {
        return err_set(e, "libtorch cannot be set up: %s", error.what());
    } catch (...) {
        return err_set(e, "libtorch cannot be set up, and does not say why");
    }
}

int th_threads(void) {
    return at::get_num_threads();
}

const char *th_version(void) {
    return TORCH_VERSION;
}

// Debian's libtorch calls the BLAS that update-alternatives chose; a wheel carries its own.
static std::string find_blas() {
    if (void *config = dlsym(RTLD_DEFAULT, "openblas_get_config"))
        return reinterpret_cast<const char *(*)(void)>(config)();
    if (dlsym(RTLD_DEFAULT, "MKL_Get_Version_String") ||
        dlsym(RTLD_DEFAULT, "mkl_serv_get_version"))
        return "MKL";
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        for (const char *name : {"libopenblas", "libmkl", "libblis", "libatlas"})
            if (line.find(name) != std::string::npos)
                return name + 3;
        if (line.find("/libblas.so") != std::string::npos)
            return "reference";
    }
    return "built into libtorch";
}

const char *th_blas(void) {
    static const std::string blas = find_blas();
    return blas.c_str();
}

/* ---- devices ---- */

static int cuda_devices() {
    try {
        return at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
    } catch (...) {
        return 0;
    }
}

bool th_device_parse(const char *text, struct th_device *d, struct err *e) {
    int devices = cuda_devices();
    char *end = nullptr;
    *d = {0, 0};
    if (strcmp(text, "cpu") == 0)
        return true;
    if (strncmp(text, "cuda", 4) == 0 && (text[4] == '\0' || text[4] == ':')) {
        errno = 0;
        long index = text[4] ? strtol(text + 5, &end, 10) : 0;
        bool number = !text[4] || (text[5] >= '0' && text[5] <= '9' && *end == '\0' && errno == 0);
        if (number && index < devices) {
            *d = {1, static_cast<int>(index)};
            return true;
        }
    }
    if (devices > 0)
        return err_usage(e,
            "--device %s: there is no such device; there are cpu and cuda:0 to cuda:%d", text,
            devices - 1);
    return err_usage(e,
        "--device %s: there is no such device; there is only cpu (libtorch %s sees no GPU)", text,
        TORCH_VERSION);
}

// "model name" of the first processor, as Linux says it.
static std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
            return line.substr(line.find(": ") + 2);
    return "unknown processor";
}

// A device that fails in one of the following says so again at the next operation, in a scope.

void th_device_name(struct th_device d, char name[128]) {
    if (d.kind == 0) {
        snprintf(name, 128, "cpu: %s", cpu_name().c_str());
        return;
    }
    snprintf(name, 128, "cuda:%d", d.index);
#ifdef DMTL_CUDA
    cudaDeviceProp device;
    if (cudaGetDeviceProperties(&device, d.index) == cudaSuccess)
        snprintf(name, 128, "cuda:%d: %.100s", d.index, device.name);
#endif
}

int64_t th_device_peak_bytes(struct th_device d) {
    (void)d;
#ifdef DMTL_CUDA
    try {
        if (d.kind == 1)
            return c10::cuda::CUDACachingAllocator::getDeviceStats(
                static_cast<c10::DeviceIndex>(d.index))
                .allocated_bytes[0]
                .peak;
    } catch (...) {
    }
#endif
    return 0;
}

// The CUDA run time's own answer: libtorch's has had another shape in every few versions. What libtorch
// keeps for later is given back first, for it could be had as well.
int64_t th_device_free_bytes(struct th_device d) {
    size_t free_bytes = 0;
    (void)d;
#ifdef DMTL_CUDA
    try {
        size_t all_bytes = 0;
        if (d.kind == 0)
            return 0;
        c10::cuda::CUDACachingAllocator::emptyCache();
        c10::DeviceGuard guard(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(d.index)));
        if (cudaMemGetInfo(&free_bytes, &all_bytes) != cudaSuccess)
            return 0;
    } catch (...) {
        return 0;
    }
#endif
    return static_cast<int64_t>(free_bytes);
}

// The first GPUs that compute in TF32; older ones would quietly compute in f32.
static bool has_tf32(struct th_device d) {
    (void)d;
#ifdef DMTL_CUDA
    int major = 0;
    if (d.kind == 1 &&
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, d.index) == cudaSuccess)
        return major >= 8;
#endif
    return false;
}

bool th_precision_there(enum th_precision p, struct th_device d, struct err *e) {
    char name[128];
    if (p != TH_IN_TF32 || has_tf32(d))
        return true;
    th_device_name(d, name);
    return err_usage(e,
        "/precision: \"tf32\": expected \"f32\" or \"bf16\" on this device (%s), for NVIDIA's GPUs "
        "from Ampere on alone have TF32; change the key, or name such a GPU with --device",
        name);
}

void th_synchronize(struct th_device d) {
    try {
        if (d.kind == 1)
            at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(d.index));
    } catch (...) {
    }
}
