package api

import "context"

func (s *Server) chatJoin(ctx context.Context, a *args) (any, error) {
	room := a.text("room", topicBytesMax)
	wait := a.span("wait", 0, joinWaitMax, joinWait)
	if err := a.end(); err != nil {
		return nil, err
	}
	return map[string]string{"room": room}, s.node.ChatJoin(ctx, room, wait)
}

func (s *Server) chatLeave(ctx context.Context, a *args) (any, error) {
	room := a.text("room", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return map[string]string{"room": room}, s.node.ChatLeave(ctx, room)
}

func (s *Server) chatRooms(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.ChatRooms(ctx)
	return list(all), err
}

func (s *Server) chatSend(ctx context.Context, a *args) (any, error) {
	room := a.text("room", topicBytesMax)
	text := a.text("text", textBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	line, err := s.node.ChatSay(ctx, room, text)
	return line, err
}

func (s *Server) chatHistory(ctx context.Context, a *args) (any, error) {
	room := a.text("room", topicBytesMax)
	since := a.optText("since", requestIDMax)
	limit := a.number("limit", 1, pageMax, pageDefault)
	if err := a.end(); err != nil {
		return nil, err
	}
	lines, cursor, err := s.node.ChatHistory(ctx, room, since, limit)
	return map[string]any{"messages": list(lines), "cursor": cursor}, err
}
