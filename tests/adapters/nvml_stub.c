/* A stand-in for the driver's libnvidia-ml.so.1, so that the real binding is loaded and called without a GPU.
 * NVML_STUB chooses the machine: two (default), hot (throttled), lost, unified, mig, mismatch, forgets, none, hangs,
 * follows (one card of 32 GiB, of which as many are used as the file NVML_STUB_USED says).
 * Figures are of no real card. Functions that are not here answer FUNCTION_NOT_FOUND through the binding. */
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

typedef int ret;
typedef struct { int index; int child; } device;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned gpu, memory; } utilization;
typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;

enum { OK = 0, UNINITIALIZED = 1, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT = 7, LOST = 15, MISMATCH = 18 };
#define GIB (1024ULL * 1024 * 1024)

static device gpus[2] = {{0, 0}, {1, 0}}, child = {0, 1};
static int inits, forgotten;

static unsigned long long told_used(void) {
    unsigned long long used = 0;
    FILE *file = fopen(getenv("NVML_STUB_USED"), "r");
    if (file != NULL && fscanf(file, "%llu", &used) != 1) used = 0;
    if (file != NULL) fclose(file);
    return used;
}

static int is(const char *name) {
    const char *chosen = getenv("NVML_STUB");
    return strcmp(chosen ? chosen : "two", name) == 0;
}

ret nvmlInitWithFlags(unsigned flags) { (void)flags; inits++; return is("mismatch") ? MISMATCH : OK; }
ret nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(ret code) { return code == NOT_SUPPORTED ? "Not Supported" : "stub error"; }

ret nvmlDeviceGetCount_v2(unsigned *count) {
    if (is("hangs")) sleep(600);
    if (is("forgets") && inits == 1 && forgotten++ == 1) return UNINITIALIZED;
    *count = is("none") ? 0 : is("two") || is("hot") || is("lost") || is("forgets") ? 2 : 1;
    return OK;
}

ret nvmlDeviceGetHandleByIndex_v2(unsigned index, device **handle) {
    if (is("lost") && index == 1) return LOST;
    *handle = &gpus[index];
    return OK;
}

ret nvmlDeviceGetName(device *d, char *name, unsigned length) {
    snprintf(name, length, "Stub GPU %c", 'A' + d->index);
    return OK;
}

ret nvmlDeviceGetUUID(device *d, char *uuid, unsigned length) {
    snprintf(uuid, length, "%s-%d", d->child ? "MIG" : "GPU", d->index);
    return OK;
}

ret nvmlDeviceGetMemoryInfo(device *d, memory *m) {
    if (is("unified")) return NOT_SUPPORTED;
    m->total = (d->child ? 20 : 80) * GIB;
    m->used = (d->child ? 5 : 57) * GIB;
    if (is("follows")) { m->total = 32 * GIB; m->used = told_used() * GIB; }
    m->free = m->total - m->used;
    return OK;
}

ret nvmlDeviceGetClockInfo(device *d, int type, unsigned *mhz) { (void)d; *mhz = type == 1 ? 1755 : 2619; return OK; }

ret nvmlDeviceGetMaxClockInfo(device *d, int type, unsigned *mhz) {
    if (d->child) return NOT_SUPPORTED;
    *mhz = type == 1 ? 1980 : 2619;
    return OK;
}

ret nvmlDeviceGetFanSpeed(device *d, unsigned *percent) {
    if (d->index == 1 || d->child) return NOT_SUPPORTED; /* passively cooled */
    *percent = 42;
    return OK;
}

#ifdef OLDER /* under the name that the call had before */
#define nvmlDeviceGetCurrentClocksEventReasons nvmlDeviceGetCurrentClocksThrottleReasons
#endif

ret nvmlDeviceGetCurrentClocksEventReasons(device *d, unsigned long long *bits) {
    if (d->index == 1 || d->child) return NOT_SUPPORTED;
    *bits = is("hot") ? 0x44 : 0x1; /* power cap and heat; else merely idle */
    return OK;
}

ret nvmlDeviceGetUtilizationRates(device *d, utilization *u) {
    if (d->index == 1) return NOT_SUPPORTED;
    u->gpu = 93;
    u->memory = 41;
    return OK;
}

ret nvmlDeviceGetTemperature(device *d, int sensor, unsigned *celsius) { (void)sensor; *celsius = 60 + d->index; return OK; }
ret nvmlDeviceGetPowerUsage(device *d, unsigned *mw) { (void)d; *mw = 312500; return OK; }
ret nvmlDeviceGetEnforcedPowerLimit(device *d, unsigned *mw) { (void)d; *mw = 450000; return OK; }

#ifdef OLDER /* a driver that has not heard of the third version */
#define nvmlDeviceGetComputeRunningProcesses_v3 nvmlDeviceGetComputeRunningProcesses_v2
#define nvmlDeviceGetGraphicsRunningProcesses_v3 nvmlDeviceGetGraphicsRunningProcesses_v2
#endif

ret nvmlDeviceGetComputeRunningProcesses_v3(device *d, unsigned *count, process *list) {
    unsigned room = *count;
    *count = d->index == 0 ? 2 : 0;
    if (*count == 0) return OK;
    if (list == NULL || room < *count) return INSUFFICIENT;
    list[0] = (process){(unsigned)getpid(), 40 * GIB, 0, 0};
    list[1] = (process){4194303, ~0ULL, 0, 0}; /* the driver's "not available", of a pid that no system has */
    return OK;
}

ret nvmlDeviceGetGraphicsRunningProcesses_v3(device *d, unsigned *count, process *list) {
    unsigned room = *count;
    *count = d->index == 0 ? 1 : 0;
    if (*count == 0) return OK;
    if (list == NULL || room < *count) return INSUFFICIENT;
    list[0] = (process){(unsigned)getpid(), 40 * GIB, 0, 0};
    return OK;
}

ret nvmlDeviceGetMigMode(device *d, unsigned *current, unsigned *pending) {
    (void)d;
    if (!is("mig")) return NOT_SUPPORTED;
    *current = *pending = 1;
    return OK;
}

ret nvmlDeviceGetMaxMigDeviceCount(device *d, unsigned *count) { (void)d; *count = 7; return OK; }

ret nvmlDeviceGetMigDeviceHandleByIndex(device *d, unsigned index, device **handle) {
    (void)d;
    if (index != 2) return NOT_FOUND;
    *handle = &child;
    return OK;
}
