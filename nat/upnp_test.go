//go:build !nolibp2p

package nat

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// router is an Internet Gateway Device on loopback: its description, and its control
// address, which answers as the test says.
type router struct {
	*httptest.Server
	service string // the service it offers, "WANIPConnection:1"
	control string // its control address

	mu    sync.Mutex
	ip    string
	fault func(action string, args map[string]string) int
	calls []string
	raw   http.HandlerFunc // answers instead
}

func newRouter(t *testing.T) *router {
	r := &router{ip: "8.8.8.8", service: "WANIPConnection:1", control: "/control"}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *router) mode(t *testing.T) Mode {
	m, err := Parse("upnp:" + r.URL + "/desc.xml")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r *router) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	raw := r.raw
	r.mu.Unlock()
	switch {
	case raw != nil:
		raw(w, req)
	case req.URL.Path == "/desc.xml":
		fmt.Fprintf(w, `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><friendlyName>Box</friendlyName><UDN>uuid:1</UDN><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><UDN>uuid:2</UDN><deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><UDN>uuid:3</UDN>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:%s</serviceType><serviceId>urn:upnp-org:serviceId:WANConn1</serviceId>
<controlURL>%s</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList></device></deviceList></device></deviceList></device></root>`, r.service, r.control)
	default:
		r.soap(w, req)
	}
}

// soap answers an action.
func (r *router) soap(w http.ResponseWriter, req *http.Request) {
	action := strings.Trim(req.Header.Get("SOAPAction"), `"`)
	_, action, _ = strings.Cut(action, "#")
	var body struct {
		Body struct {
			Inner []byte `xml:",innerxml"`
		} `xml:"Body"`
	}
	raw, _ := io.ReadAll(req.Body)
	if xml.Unmarshal(raw, &body) != nil {
		http.Error(w, "no XML", http.StatusBadRequest)
		return
	}
	var call struct {
		Args []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	}
	_ = xml.Unmarshal(body.Body.Inner, &call)
	args := map[string]string{}
	for _, a := range call.Args {
		args[a.XMLName.Local] = a.Value
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if action != "GetExternalIPAddress" {
		r.calls = append(r.calls, strings.TrimSpace(fmt.Sprintf("%s %s %s %s→%s %s for %s", action, args["NewProtocol"], args["NewExternalPort"], args["NewInternalClient"], args["NewInternalPort"], args["NewPortMappingDescription"], args["NewLeaseDuration"])))
	}
	if r.fault != nil {
		if code := r.fault(action, args); code != 0 {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>%d</errorCode><errorDescription>no</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>`, code)
			return
		}
	}
	answer := ""
	if action == "GetExternalIPAddress" {
		answer = "<NewExternalIPAddress>" + r.ip + "</NewExternalIPAddress>"
	}
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:%sResponse xmlns:u="urn:schemas-upnp-org:service:%s">%s</u:%sResponse></s:Body></s:Envelope>`, action, r.service, answer, action)
}

func (r *router) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Each of the services that routers offer maps ports and takes them back at the end.
func TestUPnP(t *testing.T) {
	for _, service := range []string{"WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1"} {
		r := newRouter(t)
		r.service = service
		reports, end := runs(t, r.mode(t), tcp)
		defer end()
		want := []Mapping{{tcp, netip.MustParseAddrPort("8.8.8.8:30303")}}
		if got := report(t, reports); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", service, got, want)
		}
		end()
		same(t, service, r.asked(), []string{"AddPortMapping TCP 30303 127.0.0.1→30303 ropewalk for 600", "DeletePortMapping TCP 30303 →  for"})
	}
}

// What a router refuses has a remedy or is an error.
func TestUPnPFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault func(action string, args map[string]string) int
		want  string // external port, or what the last request was
		tries int
	}{
		{"taken", func(_ string, a map[string]string) int {
			if a["NewExternalPort"] == "30303" {
				return 718
			}
			return 0
		}, "another", 2},
		{"all taken", func(string, map[string]string) int { return 718 }, "error", portTries + 1},
		{"only for ever", func(_ string, a map[string]string) int {
			if a["NewLeaseDuration"] != "0" {
				return 725
			}
			return 0
		}, "same", 2},
		{"only for ever, and not even that", func(string, map[string]string) int { return 725 }, "error", 2},
		{"not allowed", func(string, map[string]string) int { return 606 }, "error", 1},
	}
	for _, tc := range tests {
		r := newRouter(t)
		g, err := findUPnP(t.Context(), r.mode(t))
		if err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		r.fault = tc.fault
		r.mu.Unlock()
		port, life, err := g.add(t.Context(), tcp, tcp.Num, mapFor)
		got := "same"
		switch {
		case err != nil:
			got = "error"
		case port != tcp.Num:
			got = "another"
		}
		if got != tc.want || err == nil && life != mapFor || len(r.asked()) != tc.tries {
			t.Errorf("%s: %s (port %d for %s, %v) after %q", tc.name, got, port, life, err, r.asked())
		}
	}
}

// Whatever a router sends, it is an error and costs little.
func TestUPnPGarbage(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("asked on another's word")
	}))
	defer elsewhere.Close()
	other := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
	sent := 0
	tests := map[string]func(r *router){
		"no XML":           func(r *router) { r.raw = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html") } },
		"nothing":          func(r *router) { r.raw = func(http.ResponseWriter, *http.Request) {} },
		"not found":        func(r *router) { r.raw = http.NotFound },
		"another service":  func(r *router) { r.service = "Layer3Forwarding:1" },
		"control at other": func(r *router) { r.control = other + "/control" },
		"moved": func(r *router) {
			r.raw = func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, other, http.StatusFound) }
		},
		"no address":    func(r *router) { r.ip = "" },
		"address 0":     func(r *router) { r.ip = "0.0.0.0" },
		"address noise": func(r *router) { r.ip = "<b>" },
		"fault":         func(r *router) { r.fault = func(string, map[string]string) int { return 501 } },
		"without end": func(r *router) {
			r.raw = func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">`)
				for sent < 100<<20 {
					n, err := io.WriteString(w, strings.Repeat("<x>y</x>", 1<<10))
					if sent += n; err != nil {
						return
					}
				}
			}
		},
	}
	for name, change := range tests {
		r := newRouter(t)
		change(r)
		if g, err := findUPnP(t.Context(), r.mode(t)); err == nil {
			t.Errorf("%s: found %s", name, g.name())
		}
		r.Close()
	}
	if sent > 16*bodyBytesMax { // what sockets hold comes on top
		t.Errorf("%d bytes were read of an answer without end", sent)
	}
}

// A search is answered by whoever likes; it leads only to who answers.
func TestPlace(t *testing.T) {
	answer := func(status, st, location string) string {
		return "HTTP/1.1 " + status + "\r\nST: " + st + "\r\nUSN: uuid:1\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
	}
	good := searchTargets[1]
	who := netip.MustParseAddr("192.168.1.1")
	if at, ok := place([]byte(answer("200 OK", good, "http://192.168.1.1:5000/desc.xml")), who); !ok || at.String() != "http://192.168.1.1:5000/desc.xml" {
		t.Errorf("%v %v", at, ok)
	}
	for name, text := range map[string]string{
		"nothing":          "",
		"noise":            "\x00\x01\x02",
		"another status":   answer("404 Not Found", good, "http://192.168.1.1:5000/"),
		"another device":   answer("200 OK", "upnp:rootdevice", "http://192.168.1.1:5000/"),
		"somebody else":    answer("200 OK", good, "http://192.168.1.2:5000/"),
		"the internet":     answer("200 OK", good, "http://8.8.8.8/"),
		"a name":           answer("200 OK", good, "http://router.example/"),
		"another protocol": answer("200 OK", good, "file:///etc/passwd"),
		"no location":      answer("200 OK", good, ""),
	} {
		if at, ok := place([]byte(text), who); ok {
			t.Errorf("%s leads to %s", name, at)
		}
	}
}

// FuzzPlace: whatever answers a search, it leads to itself or nowhere.
func FuzzPlace(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nST: " + searchTargets[0] + "\r\nLocation: http://192.168.1.1/\r\n\r\n"))
	who := netip.MustParseAddr("192.168.1.1")
	f.Fuzz(func(t *testing.T, answer []byte) {
		if at, ok := place(answer, who); ok && at.Hostname() != "192.168.1.1" {
			t.Errorf("%q leads to %s", answer, at)
		}
	})
}
