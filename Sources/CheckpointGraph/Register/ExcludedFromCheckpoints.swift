/// A type whose values are part of no checkpoint, wherever they stand: settings, statistics, caches.
///
///     struct ColorProfile {
///       var curve: [Float]
///     }
///     extension ColorProfile: ExcludedFromCheckpoints {}
///
/// Properties of the type, and arrays, dictionaries and optionals of it, are neither followed nor
/// refused. Where a single property is meant, ``NoDependency`` says so.
public protocol ExcludedFromCheckpoints {}
