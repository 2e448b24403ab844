// The auditor checks a public log with the code that Go's own module proxy uses (golang.org/x/mod/sumdb).
//
//	auditor VKEY LOG [CHECKPOINT ...]
//
// LOG is a directory or an http(s) address with checkpoint and tile/ below it. Every tile and every leaf is
// read; each leaf must be included in the signed tree, and the tree of each older CHECKPOINT file must be the
// beginning of it. Prints what was checked; exit status 0 only when everything holds.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

type logReader struct{ prefix string }

func (l logReader) read(path string) ([]byte, error) {
	if !strings.HasPrefix(l.prefix, "http://") && !strings.HasPrefix(l.prefix, "https://") {
		return os.ReadFile(filepath.Join(l.prefix, filepath.FromSlash(path)))
	}
	response, err := http.Get(strings.TrimSuffix(l.prefix, "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

// tilePath turns Go's older "tile/8/L/N" into "tile/L/N" of C2SP tlog-tiles.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

// Height, ReadTiles and SaveTiles make the log a tlog.TileReader.
func (l logReader) Height() int                      { return tileHeight }
func (l logReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (l logReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := l.read(tilePath(tile))
		if err != nil {
			return nil, err
		}
		if len(read) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, want %d", tilePath(tile), len(read), tile.W*tlog.HashSize)
		}
		data[i] = read
	}
	return data, nil
}

// leaves returns the entries of bundle n, of which there are width.
func (l logReader) leaves(n int64, width int) ([][]byte, error) {
	path := tilePath(tlog.Tile{H: tileHeight, L: 0, N: n, W: width})
	data, err := l.read("tile/entries/" + strings.TrimPrefix(path, "tile/0/"))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d ends within an entry", n)
		}
		length := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("bundle %d has %d entries, want %d", n, len(entries), width)
	}
	return entries, nil
}

// open verifies a checkpoint's signature and reads its tree.
func open(data []byte, verifier note.Verifier) (tlog.Tree, error) {
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s: %q", verifier.Name(), signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || lines[1] != strconv.FormatInt(size, 10) {
		return tlog.Tree{}, fmt.Errorf("bad size %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("bad root %q", lines[2])
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// stored keeps every complete subtree of the leaves seen, as Go's own servers do.
type stored []tlog.Hash

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = (*s)[index]
	}
	return hashes, nil
}

func audit(vkey, prefix string, older []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	reader := logReader{prefix}
	data, err := reader.read("checkpoint")
	if err != nil {
		return err
	}
	tree, err := open(data, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if tree.N == 0 {
		return fmt.Errorf("checkpoint: the log is empty, there is nothing to audit")
	}

	// Reading every leaf hash through this reader fetches every tile and checks it against the root.
	tiles := tlog.TileHashReader(tree, reader)
	var own stored
	for n := int64(0); n*tileWidth < tree.N; n++ {
		width := tileWidth
		if rest := tree.N - n*tileWidth; rest < tileWidth {
			width = int(rest)
		}
		entries, err := reader.leaves(n, width)
		if err != nil {
			return err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, n*tileWidth+int64(i))
		}
		published, err := tiles.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("tiles: %w", err)
		}
		for i, entry := range entries {
			index := n*tileWidth + int64(i)
			if leaf := tlog.RecordHash(entry); !bytes.Equal(leaf[:], published[i][:]) {
				return fmt.Errorf("leaf %d is not what its tile says", index)
			}
			hashes, err := tlog.StoredHashes(index, entry, &own)
			if err != nil {
				return err
			}
			own = append(own, hashes...)
		}
	}
	root, err := tlog.TreeHash(tree.N, &own)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the leaves have root %v, the checkpoint says %v", root, tree.Hash)
	}
	for index := int64(0); index < tree.N; index++ {
		proof, err := tlog.ProveRecord(tree.N, index, &own)
		if err != nil {
			return err
		}
		leaf := own[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
			return fmt.Errorf("inclusion of leaf %d: %w", index, err)
		}
	}
	for _, file := range older {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		old, err := open(data, verifier)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if old.N > tree.N {
			return fmt.Errorf("%s: %d leaves were signed, now there are %d", file, old.N, tree.N)
		}
		proof, err := tlog.ProveTree(tree.N, old.N, tiles)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("%s: history was rewritten: %w", file, err)
		}
	}
	fmt.Printf("%s: %d leaves included, %d older checkpoints consistent\n", verifier.Name(), tree.N, len(older))
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: auditor VKEY LOG [CHECKPOINT ...]")
		os.Exit(2)
	}
	if err := audit(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "auditor:", err)
		os.Exit(1)
	}
}
