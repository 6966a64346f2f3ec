/* A library with NVML's interface (nvml.h, version 12) for tests: two devices, and it fails or hangs as an environment
 * variable says. The driver process under test cannot tell it from NVIDIA's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;

#define NVML_SUCCESS 0
#define NVML_ERROR_UNINITIALIZED 1
#define NVML_ERROR_INVALID_ARGUMENT 2
#define NVML_ERROR_INSUFFICIENT_SIZE 7
#define NVML_ERROR_DRIVER_NOT_LOADED 9
#define NVML_ERROR_GPU_IS_LOST 15

static int initialised = 0;
static int devices[3];

/* The file that NVML_TEST_MODE names holds the mode, so that a test can change it while the library is loaded. */
static int mode_is(const char *wanted) {
  char mode[32] = "";
  const char *path = getenv("NVML_TEST_MODE");
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) return 0;
  if (!fgets(mode, sizeof mode, file)) mode[0] = 0;
  fclose(file);
  return strcmp(mode, wanted) == 0;
}

nvmlReturn_t nvmlInit_v2(void) {
  if (mode_is("hang")) for (;;) sleep(1000);
  if (mode_is("crash")) abort();
  if (mode_is("unloaded")) return NVML_ERROR_DRIVER_NOT_LOADED;
  initialised++;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlShutdown(void) {
  if (!initialised) return NVML_ERROR_UNINITIALIZED;
  initialised--;
  return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t code) {
  switch (code) {
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
  }
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
  if (!initialised) return NVML_ERROR_UNINITIALIZED;
  *count = 2;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
  if (index >= 2) return NVML_ERROR_INVALID_ARGUMENT;
  if (index == 1 && mode_is("lost")) return NVML_ERROR_GPU_IS_LOST;
  *device = (nvmlDevice_t)&devices[index];
  return NVML_SUCCESS;
}

static int index_of(nvmlDevice_t device) { return (int)((int *)device - devices); }

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
  if (length < 80) return NVML_ERROR_INSUFFICIENT_SIZE;
  snprintf(uuid, length, "GPU-00000000-0000-0000-0000-00000000000%d", index_of(device));
  return NVML_SUCCESS;
}

/* The second device claims 16 PiB and a byte: beyond what a double holds exactly. */
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  memory->total = index_of(device) == 0 ? 85899345920ULL : (1ULL << 54) + 1;
  memory->used = 1073741824ULL;
  memory->free = memory->total - memory->used;
  return NVML_SUCCESS;
}
