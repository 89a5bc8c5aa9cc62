import Glibc
import Linux
import PlatformShell
import Testing

struct TrashTests {
    let site: Site

    init() throws { site = try Site() }

    func purge(_ trash: Trash) throws -> Int {
        var left: Int?
        trash.onPurged = { left = $0 }
        trash.purge()
        try site.loop.turn(until: left != nil)
        return try #require(left)
    }

    @Test func `moves a directory away at once and removes it bit by bit`() throws {
        let trash = try Trash(site.paths.trash, on: site.loop)
        let folder = site.paths.projects + "/p1"
        mkdir(folder, 0o700)
        for number in 0..<1_000 { site.write("x", to: "\(folder)/file\(number)") }
        mkdir(folder + "/inner", 0o700)
        site.write("x", to: folder + "/inner/file")
        try trash.take(folder, as: "p1")
        #expect(!site.exists(folder))
        #expect(try Trashcan.names(site.paths.trash) == ["p1-0"])
        // Twice is harmless; so is the same name again.
        try trash.take(folder, as: "p1")
        mkdir(folder, 0o700)
        site.write("x", to: folder + "/file")
        try trash.take(folder, as: "p1")
        #expect(try Trashcan.names(site.paths.trash) == ["p1-0", "p1-1"])
        #expect(try purge(trash) == 0)
        #expect(try Trashcan.names(site.paths.trash) == [])
    }

    @Test func `does not do it all in one turn`() throws {
        let trash = try Trash(site.paths.trash, on: site.loop)
        for number in 0..<600 { site.write("x", to: "\(site.paths.trash)/file\(number)") }
        trash.purge()
        #expect(try Trashcan.names(site.paths.trash).count == 600 - 256)
        #expect(trash.isPurging)
        try site.loop.turn(until: !trash.isPurging)
    }

    @Test func `removes links but not what they point to, odd names, closed and very deep directories`() throws {
        let trash = try Trash(site.paths.trash, on: site.loop)
        let outside = site.home + "/outside"
        mkdir(outside, 0o700)
        site.write("keep", to: outside + "/file")
        let folder = site.paths.projects + "/p1"
        mkdir(folder, 0o700)
        symlink(outside, folder + "/link")
        symlink(outside + "/file", folder + "/filelink")
        let odd: [CChar] = Array(folder.utf8CString.dropLast()) + [47, -1, -2, 0]
        close(open(odd, O_CREAT | O_WRONLY, 0o600))
        mkdir(folder + "/closed", 0o700)
        site.write("x", to: folder + "/closed/file")
        chmod(folder + "/closed", 0)
        // Deeper than any path may be long.
        var place = open(folder, O_RDONLY | O_DIRECTORY)
        for _ in 0..<3_000 {
            mkdirat(place, "deep", 0o700)
            let next = openat(place, "deep", O_RDONLY | O_DIRECTORY)
            close(place)
            place = next
        }
        close(place)
        try trash.take(folder, as: "p1")
        #expect(try purge(trash) == 0)
        #expect(try Trashcan.names(site.paths.trash) == [])
        #expect(site.exists(outside + "/file"))
    }
}
