#pragma once
#include <hdf5.h>

// HDF5's constants are macros that call H5open(); Swift imports functions only.
static inline hid_t hdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t hdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t hdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t hdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t hdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t hdf5_native_uint32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t hdf5_little_float(void) { return H5T_IEEE_F32LE; }
static inline hid_t hdf5_little_double(void) { return H5T_IEEE_F64LE; }
static inline hid_t hdf5_little_int32(void) { return H5T_STD_I32LE; }
static inline hid_t hdf5_little_int64(void) { return H5T_STD_I64LE; }
static inline hid_t hdf5_little_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t hdf5_little_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t hdf5_c_string(void) { return H5T_C_S1; }
static inline hid_t hdf5_file_create_list(void) { return H5P_FILE_CREATE; }
static inline hid_t hdf5_file_access_list(void) { return H5P_FILE_ACCESS; }
static inline hid_t hdf5_group_create_list(void) { return H5P_GROUP_CREATE; }
static inline hid_t hdf5_dataset_create_list(void) { return H5P_DATASET_CREATE; }
// By name; one pass, where asking for each link by its number sorts all of them every time.
static inline herr_t hdf5_each_link(hid_t group, H5L_iterate_t visit, void *context) {
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit, context);
}
static inline unsigned hdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned hdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline size_t hdf5_variable_length(void) { return H5T_VARIABLE; }
static inline haddr_t hdf5_no_address(void) { return HADDR_UNDEF; }
