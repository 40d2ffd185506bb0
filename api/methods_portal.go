package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ropewalk/ropewalk"
)

// The RPC of the Portal network: portal_NETWORKVerb, as its specification has it, so
// parameters come by position as well as by name, bytes are hex and errors have the codes
// that other clients give them.

// portalVerb is one of them. params are the names by position.
type portalVerb struct {
	params []string
	call   func(ctx context.Context, o overlay, a *args) (any, error)
}

// portalVerbs are the verbs by the end of their names.
var portalVerbs = map[string]portalVerb{
	"RoutingTableInfo":         {nil, portalTable},
	"Radius":                   {nil, portalRadius},
	"AddEnr":                   {[]string{"enr"}, portalAddEnr},
	"AddEnrs":                  {[]string{"enrs"}, portalAddEnrs},
	"DeleteEnr":                {[]string{"nodeId"}, portalDeleteEnr},
	"GetEnr":                   {[]string{"nodeId"}, portalGetEnr},
	"LookupEnr":                {[]string{"nodeId"}, portalLookupEnr},
	"Ping":                     {[]string{"enr", "payloadType", "payload"}, portalPing},
	"FindNodes":                {[]string{"enr", "distances"}, portalFindNodes},
	"FindContent":              {[]string{"enr", "contentKey"}, portalFindContent},
	"Offer":                    {[]string{"enr", "contentItems"}, portalOffer},
	"RecursiveFindNodes":       {[]string{"nodeId"}, portalLookup},
	"GetContent":               {[]string{"contentKey"}, portalGet},
	"TraceGetContent":          {[]string{"contentKey"}, portalTrace},
	"Store":                    {[]string{"contentKey", "contentValue"}, portalStore},
	"LocalContent":             {[]string{"contentKey"}, portalLocal},
	"PutContent":               {[]string{"contentKey", "contentValue"}, portalPut},
	"PaginateLocalContentKeys": {[]string{"offset", "limit"}, portalPage},
}

// portalNetworks are named in the list of methods; others are found by their names.
var portalNetworks = []string{"blob", "history"}

// cutPortal takes the name of a portal_ method apart. Of verbs that end each other the
// longest is meant.
func cutPortal(method string) (network string, v portalVerb, ok bool) {
	rest, is := strings.CutPrefix(method, "portal_")
	longest := ""
	for name := range portalVerbs {
		if is && len(name) > len(longest) && len(name) < len(rest) && strings.HasSuffix(rest, name) {
			longest = name
		}
	}
	return strings.TrimSuffix(rest, longest), portalVerbs[longest], longest != ""
}

func portalMethods() (names []string) {
	for verb := range portalVerbs {
		for _, network := range portalNetworks {
			names = append(names, "portal_"+network+verb)
		}
	}
	return names
}

// callPortal executes a portal_ method.
func (s *Server) callPortal(ctx context.Context, network string, v portalVerb, a *args) (any, error) {
	o, err := s.strands.overlay(network)
	if err != nil {
		return nil, err
	}
	out, err := v.call(ctx, o, a)
	return out, portalError(err)
}

// portalError gives an error the code that the Portal network's world knows: what is no
// record is a parameter that is malformed.
func portalError(err error) error {
	switch {
	case errors.Is(err, ropewalk.ErrNoContent):
		return errorOf(codePortalNotFound, "")
	case errors.Is(err, ropewalk.ErrBadTarget):
		return errorOf(codeInvalidParams, "enr: "+strings.TrimPrefix(err.Error(), "ropewalk: "))
	}
	return err
}

func portalTable(ctx context.Context, o overlay, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.Table(ctx)
}

func portalRadius(ctx context.Context, o overlay, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	radius, err := o.Radius(ctx)
	return ropewalk.Quantity(radius), err
}

func portalAddEnr(ctx context.Context, o overlay, a *args) (any, error) {
	record := a.text("enr", recordMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.AddRecord(ctx, record)
}

// portalAddEnrs tells whether all of them are in the table then.
func portalAddEnrs(ctx context.Context, o overlay, a *args) (any, error) {
	records := a.texts("enrs", batchMax, recordMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	all := true
	for _, r := range records {
		in, err := o.AddRecord(ctx, r)
		if err != nil {
			return nil, err
		}
		all = all && in
	}
	return all, nil
}

func portalDeleteEnr(ctx context.Context, o overlay, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.DeleteRecord(ctx, who)
}

func portalGetEnr(ctx context.Context, o overlay, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.GetRecord(ctx, who)
}

func portalLookupEnr(ctx context.Context, o overlay, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.LookupRecord(ctx, who)
}

// The types of what a ping says, those that have fields.
const (
	pingClient  = 0
	pingRadius  = 1
	pingHistory = 2
)

// pingFields are the fields of each type. What the client calls itself may be left out.
var pingFields = map[int][]string{
	pingClient:  {"dataRadius", "capabilities"},
	pingRadius:  {"dataRadius"},
	pingHistory: {"dataRadius", "ephemeralHeaderCount"},
}

// portalPing says what its caller says, or else what we would: by default what we can.
func portalPing(ctx context.Context, o overlay, a *args) (any, error) {
	record := a.text("enr", recordMax)
	kind := a.number("payloadType", 0, 65535, ropewalk.PingBest)
	raw, given := a.take("payload")
	if given && kind == ropewalk.PingBest && a.bad == nil {
		return nil, errorOf(codePortalNoType, "")
	}
	if err := a.end(); err != nil {
		return nil, err
	}
	kind = max(kind, pingClient)
	var payload []byte
	if given {
		var err error
		if payload, err = pingPayload(kind, raw); err != nil {
			return nil, err
		}
	}
	out, err := o.Ping(ctx, record, kind, payload)
	switch {
	case errors.Is(err, ropewalk.ErrPingType):
		e := errorOf(codePortalPingType, "")
		e.Data["reason"] = "client"
		if pingFields[kind] != nil {
			e.Data["reason"] = "subnetwork"
		}
		return nil, e
	case errors.Is(err, ropewalk.ErrPingPayload):
		return nil, errorOf(codePortalPayload, "")
	}
	return out, err
}

// pingPayload reads a payload: the fields of its type, all of them and no others, or bytes.
func pingPayload(kind int, raw json.RawMessage) ([]byte, error) {
	var bytes ropewalk.HexBytes
	if raw[0] == '"' && json.Unmarshal(raw, &bytes) == nil {
		return bytes, nil
	}
	all, err := fields(raw)
	if err != nil {
		return nil, errorOf(codePortalPayload, "neither an object nor hex after 0x")
	}
	for _, name := range pingFields[kind] {
		if all[name] == nil {
			return nil, errorOf(codePortalPayload, name+" is missing")
		}
		delete(all, name)
	}
	if kind == pingClient {
		delete(all, "clientInfo")
	}
	if len(all) > 0 || pingFields[kind] == nil {
		return nil, errorOf(codePortalPayload, fmt.Sprintf("type %d has no such fields", kind))
	}
	var p ropewalk.PingPayload
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, errorOf(codePortalPayload, err.Error())
	}
	out, err := p.Encode(uint16(kind))
	if err != nil {
		return nil, errorOf(codePortalPayload, strings.TrimPrefix(err.Error(), "ropewalk: "))
	}
	return out, nil
}

func portalFindNodes(ctx context.Context, o overlay, a *args) (any, error) {
	record, distances := a.text("enr", recordMax), a.distances("distances")
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.FindNodes(ctx, record, distances)
}

func portalFindContent(ctx context.Context, o overlay, a *args) (any, error) {
	record, key := a.text("enr", recordMax), a.hex("contentKey", keyBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.FindContent(ctx, record, key)
}

func portalOffer(ctx context.Context, o overlay, a *args) (any, error) {
	record, items := a.text("enr", recordMax), a.items(a.either("contentItems", "content_items"), offerMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	codes, err := o.Offer(ctx, record, items)
	return ropewalk.HexBytes(codes), err
}

func portalLookup(ctx context.Context, o overlay, a *args) (any, error) {
	target := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.Lookup(ctx, target)
}

func portalGet(ctx context.Context, o overlay, a *args) (any, error) {
	key := a.hex("contentKey", keyBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.Get(ctx, key)
}

// portalTrace shows the way to what was not found, too, as the error's data.
func portalTrace(ctx context.Context, o overlay, a *args) (any, error) {
	key := a.hex("contentKey", keyBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	found, err := o.Trace(ctx, key)
	if errors.Is(err, ropewalk.ErrNoContent) && found.Trace != nil {
		e := errorOf(codePortalTraced, "")
		raw, err := json.Marshal(found.Trace)
		if err != nil || json.Unmarshal(raw, &e.Data) != nil {
			return nil, errorOf(codeInternal, "")
		}
		return nil, e
	}
	return found, err
}

func portalStore(ctx context.Context, o overlay, a *args) (any, error) {
	key, value := a.hex("contentKey", keyBytesMax), a.hex("contentValue", itemBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	err := o.Store(ctx, key, value)
	return err == nil, err
}

func portalLocal(ctx context.Context, o overlay, a *args) (any, error) {
	key := a.hex("contentKey", keyBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	value, err := o.Local(ctx, key)
	return ropewalk.HexBytes(value), err
}

func portalPut(ctx context.Context, o overlay, a *args) (any, error) {
	key, value := a.hex("contentKey", keyBytesMax), a.hex("contentValue", itemBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return o.Share(ctx, key, value)
}

// portalPage lists keys that we store.
func portalPage(ctx context.Context, o overlay, a *args) (any, error) {
	offset, limit := a.number("offset", 0, 1<<30, 0), a.number("limit", 0, pageMax, pageDefault)
	if err := a.end(); err != nil {
		return nil, err
	}
	keys, total, err := o.Page(ctx, offset, limit)
	if err != nil {
		return nil, err
	}
	return map[string]any{"content_keys": hexes(keys), "total_entries": total}, nil
}

func hexes(all [][]byte) []ropewalk.HexBytes {
	out := make([]ropewalk.HexBytes, 0, len(all))
	for _, b := range all {
		out = append(out, b)
	}
	return out
}
