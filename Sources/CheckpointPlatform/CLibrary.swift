// The C library of the system, under one name for all that call it: the one place that knows what it
// is called where.

#if canImport(Darwin)
@_exported public import Darwin
#elseif canImport(Musl)
@_exported public import Musl
#elseif canImport(Android)
@_exported public import Android
#else
@_exported public import Glibc
#endif
