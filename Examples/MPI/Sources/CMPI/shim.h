// What of MPI is a macro, and so no name to Swift: a function for each call that is needed.
//
// Handles are kept behind pointers, since they are numbers in one MPI and pointers in another.

#ifndef CHECKPOINTS_MPI_SHIM_H
#define CHECKPOINTS_MPI_SHIM_H

#include <mpi.h>
#include <stdlib.h>

// Starts MPI; whether any thread may call it.
static inline int mpi_start(void) {
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return -1;
  return provided >= MPI_THREAD_MULTIPLE;
}

static inline void mpi_end(void) { MPI_Finalize(); }

// A communicator of one's own for all processes; NULL if there is none. Its errors are returned.
static inline void *mpi_duplicate_world(void) {
  MPI_Comm *copy = malloc(sizeof(MPI_Comm));
  if (copy == NULL || MPI_Comm_dup(MPI_COMM_WORLD, copy) != MPI_SUCCESS) return NULL;
  MPI_Comm_set_errhandler(*copy, MPI_ERRORS_RETURN);
  return copy;
}

static inline int mpi_rank(void *comm) {
  int rank = -1;
  MPI_Comm_rank(*(MPI_Comm *)comm, &rank);
  return rank;
}

static inline int mpi_size(void *comm) {
  int size = -1;
  MPI_Comm_size(*(MPI_Comm *)comm, &size);
  return size;
}

// Begins to send bytes, which stay where they are until mpi_is_sent; NULL if that cannot be.
static inline void *mpi_send(void *comm, const void *bytes, int count, int rank, int tag) {
  MPI_Request *request = malloc(sizeof(MPI_Request));
  if (request == NULL) return NULL;
  if (MPI_Isend(bytes, count, MPI_BYTE, rank, tag, *(MPI_Comm *)comm, request) == MPI_SUCCESS)
    return request;
  free(request);
  return NULL;
}

// Whether it is sent: 1, and the request is gone; 0 if not yet; -1 for an error.
static inline int mpi_is_sent(void *request) {
  int flag = 0;
  if (MPI_Test((MPI_Request *)request, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS) return -1;
  if (flag) free(request);
  return flag;
}

// Whether a message has come: 1, with who has sent it and how many bytes it has; 0 if not; -1 for an error.
static inline int mpi_has_come(void *comm, int tag, int *rank, int *count) {
  int flag = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, tag, *(MPI_Comm *)comm, &flag, &status) != MPI_SUCCESS) return -1;
  if (!flag) return 0;
  *rank = status.MPI_SOURCE;
  return MPI_Get_count(&status, MPI_BYTE, count) == MPI_SUCCESS ? 1 : -1;
}

// Takes a message that has come; 0 if that went well.
static inline int mpi_take(void *comm, void *bytes, int count, int rank, int tag) {
  return MPI_Recv(bytes, count, MPI_BYTE, rank, tag, *(MPI_Comm *)comm, MPI_STATUS_IGNORE);
}

#endif
