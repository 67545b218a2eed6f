// As much of Apple's C library as the package uses, as its headers declare it for 64-bit processors.
// Written from the manual pages. Numbers have Apple's widths, since Swift sees them.

#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

// MARK: <sys/types.h>

typedef int32_t dev_t;
typedef uint64_t ino_t;
typedef uint16_t mode_t;
typedef uint16_t nlink_t;
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef int64_t off_t;
typedef int64_t blkcnt_t;
typedef int32_t blksize_t;
typedef int32_t pid_t;
typedef long ssize_t;
typedef uint32_t useconds_t;
typedef uint32_t sigset_t;
typedef unsigned int fsblkcnt_t;
typedef unsigned int fsfilcnt_t;

struct timespec {
  long tv_sec;
  long tv_nsec;
};

#pragma clang assume_nonnull begin

// MARK: <errno.h>

int *__error(void);
#define errno (*__error())

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define EBADF 9
#define ENOMEM 12
#define EACCES 13
#define EEXIST 17
#define EXDEV 18
#define ENOTDIR 20
#define EISDIR 21
#define EINVAL 22
#define ENFILE 23
#define EMFILE 24
#define ENOTTY 25
#define EFBIG 27
#define ENOSPC 28
#define ENOTEMPTY 66
#define EROFS 30
#define EMLINK 31
#define EPIPE 32
#define EAGAIN 35
#define EWOULDBLOCK EAGAIN
#define ENOTSUP 45
#define ELOOP 62
#define ENAMETOOLONG 63
#define EDQUOT 69
#define ESTALE 70
#define ENOLCK 77
#define ENOSYS 78
#define EOPNOTSUPP 102

// MARK: <poll.h>

typedef unsigned int nfds_t;

struct pollfd {
  int fd;
  short events;
  short revents;
};

#define POLLIN 0x0001

int poll(struct pollfd *descriptors, nfds_t count, int milliseconds);

// MARK: <fcntl.h>

#define O_RDONLY 0x0000
#define O_WRONLY 0x0001
#define O_RDWR 0x0002
#define O_NONBLOCK 0x00000004
#define O_NOFOLLOW 0x00000100
#define O_CREAT 0x00000200
#define O_TRUNC 0x00000400
#define O_EXCL 0x00000800
#define O_EVTONLY 0x00008000
#define O_DIRECTORY 0x00100000
#define O_CLOEXEC 0x01000000
#define AT_FDCWD -2
#define F_PREALLOCATE 42
#define F_FULLFSYNC 51
#define LOCK_EX 0x02
#define LOCK_NB 0x04

#define F_ALLOCATECONTIG 0x00000002
#define F_ALLOCATEALL 0x00000004
#define F_PEOFPOSMODE 3

typedef struct fstore {
  unsigned int fst_flags;
  int fst_posmode;
  off_t fst_offset;
  off_t fst_length;
  off_t fst_bytesalloc;
} fstore_t;

int open(const char *path, int flags, ...);
int fcntl(int descriptor, int command, ...);
int flock(int descriptor, int operation);

// MARK: <sys/stat.h>, <sys/statvfs.h>

struct stat {
  dev_t st_dev;
  mode_t st_mode;
  nlink_t st_nlink;
  ino_t st_ino;
  uid_t st_uid;
  gid_t st_gid;
  dev_t st_rdev;
  struct timespec st_atimespec;
  struct timespec st_mtimespec;
  struct timespec st_ctimespec;
  struct timespec st_birthtimespec;
  off_t st_size;
  blkcnt_t st_blocks;
  blksize_t st_blksize;
  uint32_t st_flags;
  uint32_t st_gen;
  int32_t st_lspare;
  int64_t st_qspare[2];
};

int stat(const char *path, struct stat *status);
int lstat(const char *path, struct stat *status);
int fstat(int descriptor, struct stat *status);
int mkdir(const char *path, mode_t mode);

struct statvfs {
  unsigned long f_bsize;
  unsigned long f_frsize;
  fsblkcnt_t f_blocks;
  fsblkcnt_t f_bfree;
  fsblkcnt_t f_bavail;
  fsfilcnt_t f_files;
  fsfilcnt_t f_ffree;
  fsfilcnt_t f_favail;
  unsigned long f_fsid;
  unsigned long f_flag;
  unsigned long f_namemax;
};

int statvfs(const char *path, struct statvfs *status);

// MARK: <dirent.h>

typedef struct {
  int __dd_fd;
} DIR;

struct dirent {
  uint64_t d_ino;
  uint64_t d_seekoff;
  uint16_t d_reclen;
  uint16_t d_namlen;
  uint8_t d_type;
  char d_name[1024];
};

DIR *_Null_unspecified opendir(const char *path);
struct dirent *_Null_unspecified readdir(DIR *directory);
int closedir(DIR *directory);

// MARK: <unistd.h>, <stdio.h>, <stdlib.h>, <string.h>

int close(int descriptor);
ssize_t read(int descriptor, void *_Null_unspecified bytes, size_t count);
ssize_t pread(int descriptor, void *_Null_unspecified bytes, size_t count, off_t offset);
ssize_t pwrite(int descriptor, const void *_Null_unspecified bytes, size_t count, off_t offset);
ssize_t write(int descriptor, const void *_Null_unspecified bytes, size_t count);
int fsync(int descriptor);
int ftruncate(int descriptor, off_t size);
int unlink(const char *path);
int rmdir(const char *path);
int renameat(int from, const char *old, int to, const char *new);
int linkat(int from, const char *old, int to, const char *new, int flags);
#define _SC_OPEN_MAX 5
long sysconf(int name);
int isatty(int descriptor);
int usleep(useconds_t microseconds);
_Noreturn void exit(int status);
int posix_memalign(void *_Nullable *_Nonnull memory, size_t alignment, size_t size);
void free(void *_Nullable memory);
char *_Null_unspecified strerror(int number);
char *_Null_unspecified getenv(const char *name);
size_t strlen(const char *text);
void *_Null_unspecified memcpy(void *_Null_unspecified to, const void *_Null_unspecified from,
                               size_t count);
void *_Null_unspecified memset(void *_Null_unspecified to, int byte, size_t count);
float expf(float x);
double exp(double x);
float sqrtf(float x);
double sqrt(double x);

// MARK: <sys/mman.h>

#define PROT_READ 0x01
#define MAP_SHARED 0x0001

void *_Null_unspecified mmap(void *_Null_unspecified address, size_t count, int protection,
                             int flags, int descriptor, off_t offset);
int munmap(void *_Null_unspecified address, size_t count);

// MARK: <signal.h>

#define SA_RESTART 0x0002
#define SA_RESETHAND 0x0004
#define SIGKILL 9
#define SIGXFSZ 25

union __sigaction_u {
  void (*_Null_unspecified __sa_handler)(int);
  void (*_Null_unspecified __sa_sigaction)(int, void *_Null_unspecified, void *_Null_unspecified);
};

struct sigaction {
  union __sigaction_u __sigaction_u;
  sigset_t sa_mask;
  int sa_flags;
};

int sigaction(int signal, const struct sigaction *_Nullable action,
              struct sigaction *_Nullable old);
int kill(pid_t process, int signal);

#pragma clang assume_nonnull end
