import CheckpointIO
import Testing

/// Which texts are paths, and which path a file URL stands for.
@Suite struct PathTextTests {
  @Test(arguments: [
    ("file:///run/m", "/run/m"), ("FILE:///run/m", "/run/m"), ("file://localhost/run/m", "/run/m"),
    ("file://LocalHost/run/m", "/run/m"), ("file:///run/my%20m%25%3F%23", "/run/my m%?#"),
    ("file:///%C3%A9/%e6%97%a5", "/é/日"), ("file:///run/a%2Fb", "/run/a/b"), ("file:///", "/"),
    ("file:///run/", "/run/"), ("file:///m-?????-of-00002", "/m-?????-of-00002"),
  ])
  func `of a file URL the path counts`(text: String, path: String) throws {
    #expect(try PathText.path(text).utf8.elementsEqual(path.utf8))
    #expect(PathText.pathIfAny(text).utf8.elementsEqual(path.utf8))
    #expect(!PathText.leadsElsewhere(text))
    #expect(throws: CheckpointError.self) { try PathText.check(text) }
  }

  @Test(arguments: [
    "", "run/m", "/run/m", "./gs://run/m", "/gs://run/m", "run:1/m", "file:run/m", "file:/run/m",
    "a:b",
    "C://run/m", "1a://run/m", ":///m", "://m", "run m://x", "é://run", "http:/x", "run%20m", "~/m",
  ])
  func `every other text is a path as it is`(text: String) throws {
    #expect(try PathText.path(text).utf8.elementsEqual(text.utf8))
    try PathText.check(text)
    #expect(!PathText.leadsElsewhere(text))
  }

  @Test(arguments: ["gs://bucket/run/m", "s3://b/m", "HTTP://h/m", "hdfs://h:1/m", "a+b.c-1://m"])
  func `other URLs are refused`(text: String) throws {
    let error = #expect(throws: CheckpointError.self) { try PathText.path(text) }
    let scheme = text.prefix { $0 != ":" }.lowercased()
    #expect(error?.code == .unsupported)
    #expect(error?.file == text)
    #expect(error?.message.contains("a URL of the scheme '\(scheme)'") == true)
    #expect(error?.message.contains("copy the files here, or mount that place") == true)
    #expect(PathText.leadsElsewhere(text) && PathText.pathIfAny(text) == text)
    #expect(throws: CheckpointError.self) { try PathText.check(text) }
  }

  @Test(arguments: [
    "file://", "file://localhost", "file:///%", "file:///%4", "file:///%zz", "file:///%ff",
  ])
  func `file URLs without a path are refused`(text: String) throws {
    let error = #expect(throws: CheckpointError.self) { try PathText.path(text) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.file == text)
  }

  @Test func `a file URL of another machine is refused, as is one with a slash too few`() throws {
    let error = #expect(throws: CheckpointError.self) { try PathText.path("file://run/m") }
    #expect(error?.code == .unsupported)
    #expect(
      error?.message
        == "this URL leads to a machine called 'run'; for a path that begins so, write "
        + "'file:///run/…', or the path alone")
  }

  @Test func `the file system opens no URL`() throws {
    for text in ["gs://bucket/m", "file:///dev/null"] {
      #expect(throws: CheckpointError.self) { try LocalFileSystem().openFile(text) }
      #expect(throws: CheckpointError.self) { try LocalFileSystem().createDirectory(text) }
      #expect(throws: CheckpointError.self) { try LocalFileSystem().status(of: text) }
    }
  }
}
