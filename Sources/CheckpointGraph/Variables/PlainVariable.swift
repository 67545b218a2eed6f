/// A variable whose value is all that belongs to it, whichever object of the type it is.
///
/// A walk does not ask it: most objects of a model are such variables.
protocol PlainVariable: TensorVariable {}

extension Variable: PlainVariable {}
extension TensorBox: PlainVariable {}
