package wechat

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

const (
	// mostOut is the largest file that is sent; larger ones need a request of
	// their own, which no lesson is worth.
	mostOut = 25 << 20
	// mostIn is the largest file that is received.
	mostIn = 5 << 20
	// downloads is how often a file is tried that cannot be fetched.
	downloads = 3
)

// upload gives the media id of a picture or file, and the key under which it
// is remembered: the same content goes up once a session.
func (s *session) upload(ctx context.Context, at string, m *chat.Media) (id string, key [32]byte, err error) {
	switch {
	case len(m.Data) == 0:
		return "", key, &chat.SendError{Class: chat.BadPart, Err: errors.New("the file is empty")}
	case len(m.Data) > mostOut:
		return "", key, &chat.SendError{Class: chat.TooBig}
	}
	name := m.Name
	if name == "" {
		name = pictureName(m.Type)
	}
	key = sha256.Sum256(append([]byte(name+"\x00"), m.Data...))
	s.uploading.Lock()
	defer s.uploading.Unlock()
	if id := s.uploads[key]; id != "" {
		return id, key, nil
	}
	id, err = s.put(ctx, at, name, m.Data)
	var ret openwechat.Ret
	var status statusError
	switch refused := errors.As(err, &ret) || errors.As(err, &status) && status < 500; {
	case err == nil:
		s.uploads[key] = id
	case errors.As(err, new(*chat.SendError)):
	case !refused:
		// Whatever became of the upload, the message was not sent.
		err = &chat.SendError{Class: chat.Temporary, Err: withoutAddress(err)}
	}
	return id, key, err
}

// pictureName is a name whose ending makes the library take it for a picture.
func pictureName(mediaType string) string {
	switch mediaType {
	case "image/gif":
		return "picture.gif"
	case "image/png":
		return "picture.png"
	}
	return "picture.jpg"
}

// put uploads one file.
func (s *session) put(ctx context.Context, at, name string, data []byte) (string, error) {
	sum := md5.Sum(data)
	resp, err := s.caller.Client.WebWxUploadMediaByChunk(ctx, bytes.NewReader(data), &openwechat.ClientWebWxUploadMediaByChunkOptions{
		FromUserName: s.self.UserName, ToUserName: at, BaseRequest: s.Request, LoginInfo: s.Login,
		Filename: name, FileMD5: hex.EncodeToString(sum[:]), FileSize: int64(len(data)),
		LastModifiedDate: time.Unix(0, 0).UTC()})
	if err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPaymentRequired, http.StatusRequestEntityTooLarge: // what large files are answered
		return "", &chat.SendError{Class: chat.TooBig, Err: statusError(resp.StatusCode)}
	default:
		return "", statusError(resp.StatusCode)
	}
	var answer openwechat.UploadResponse
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", errors.New("upload: the answer cannot be read")
	}
	if err := answer.BaseResponse.Err(); err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	if answer.MediaId == "" {
		return "", errors.New("upload: the answer names no media")
	}
	return answer.MediaId, nil
}

// forget has a file uploaded anew.
func (s *session) forget(key [32]byte) {
	s.uploading.Lock()
	defer s.uploading.Unlock()
	delete(s.uploads, key)
}

// download fetches a file that was sent in private; without its bytes, and with
// the reason, when it cannot be had, so that the sender can be told. name is that
// of the message's text: the field beside it comes escaped at times.
func (a *Adapter) download(ctx context.Context, s *session, m *openwechat.Message, name string) ([]chat.File, error) {
	file := chat.File{Name: strings.TrimSpace(name)}
	if fileSize(m.FileSize) > mostIn {
		file.Problem = chat.FileTooBig
		return []chat.File{file}, nil
	}
	data, err := s.media(ctx, m)
	if err != nil {
		// The batch is tried again, but no file may hold up all others for ever.
		if s.tries[m.MsgId]++; s.tries[m.MsgId] < downloads {
			return nil, fmt.Errorf("fetch a file: %w", err)
		}
		a.Log.Warn("wechat file given up", "account", a.Options.ID, "error", withoutAddress(err))
	}
	delete(s.tries, m.MsgId)
	switch {
	case err != nil:
		file.Problem = chat.FileUnreachable
	case len(data) > mostIn:
		file.Problem = chat.FileTooBig
	default:
		file.Data = data
	}
	return []chat.File{file}, nil
}

func (s *session) media(ctx context.Context, m *openwechat.Message) ([]byte, error) {
	resp, err := s.caller.Client.WebWxGetMedia(ctx, m, s.Login)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, mostIn+1))
}
