package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// Files of a certificate folder. Clients need only the first.
const (
	caFile     = "ca.pem"
	serverFile = "server.pem"
	keyFile    = "server.key"
)

// serverCertificate loads the server's certificate from the folder, or makes one there. So a server that is restarted
// with the same folder has the same certificate, and its clients still trust it.
func serverCertificate(folder string) (tls.Certificate, error) {
	server, key := filepath.Join(folder, serverFile), filepath.Join(folder, keyFile)
	if _, err := os.Stat(key); os.IsNotExist(err) {
		if err := createCertificates(folder); err != nil {
			return tls.Certificate{}, err
		}
	}
	return tls.LoadX509KeyPair(server, key)
}

// identity returns the instance uuid of the vCenter. It is the same when a server is restarted, and different for each
// server. The simulator's own uuid would be the same for all servers on a machine.
func identity(certificate tls.Certificate) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, certificate.Certificate[0]).String()
}

// createCertificates makes a CA and a certificate signed by it, strict enough for VERIFY_X509_STRICT. Go adds the key
// identifiers to the templates.
func createCertificates(folder string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := template("hvlib test CA", 1)
	ca.IsCA, ca.BasicConstraintsValid = true, true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	caBytes, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	if ca, err = x509.ParseCertificate(caBytes); err != nil { // with the key identifier that the leaf refers to
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	leafBytes, err := x509.CreateCertificate(rand.Reader, leafTemplate(), ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	return writeFiles(folder, caBytes, leafBytes, keyBytes)
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 0, 30),
	}
}

func leafTemplate() *x509.Certificate {
	leaf := template("hvlib test server", 2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.BasicConstraintsValid = true
	leaf.DNSNames = []string{"localhost"}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	return leaf
}

func writeFiles(folder string, ca, leaf, key []byte) error {
	blocks := []struct {
		file, kind string
		bytes      []byte
	}{{caFile, "CERTIFICATE", ca}, {serverFile, "CERTIFICATE", leaf}, {keyFile, "PRIVATE KEY", key}}
	for _, block := range blocks {
		text := pem.EncodeToMemory(&pem.Block{Type: block.kind, Bytes: block.bytes})
		if err := os.WriteFile(filepath.Join(folder, block.file), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
