/*
 * pems.h
 *		Keys made for the unit tests with openssl; they guard nothing.
 */
#ifndef TEST_UNIT_PEMS_H
#define TEST_UNIT_PEMS_H

/* clang-format off */
/* 2048 bits, private */
#define PEM_RSA \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDIKB4ZQmR+/1Iw\n" \
	"2baS6nHLLWFKqSgoPMedbeKTBS2YrM5C3h/NDqcNPtvz9e+sdU2Py/SigLGiS4MG\n" \
	"HhOVUXsOpHqyc0CtpoV5zO/R/qXWOBBbpoTsRzM5S2d0kLD1kkK9lPMvyQOj5Tqt\n" \
	"KN7AVxlX3eb2l8AoqETiffQmhQXfpkxIldOQ1HfRu/k6Dj//NFjSe2bLrCeqP+jK\n" \
	"jeMMkLolLCaSxFVRQgSb8LrUqy+WWQ1rcb4VEt7sxX8Xa4atkDIeJ+ofTK7XSqkm\n" \
	"kQoRwfo9DR6919bBgnMqBogCfvP7bnN8AZ99Fuf5syYfCGxK8Y4o/et1WbcwTn2q\n" \
	"6py/NMEBAgMBAAECggEAD97RyiNv8qY90bFFjx8clZAG1ZkViHaPRlM4QqYyYBdy\n" \
	"8Fg1RyNTtBK+n83+6m/6TdNNwFUkyzn3t4m1eE1iYj4WRiV/efVeQn2GgMz96xR9\n" \
	"buLvHwlN4rZboOFjIp7tq04O5+76mql6Q6YeCWauk/9nM44YlrCxljrcm8by47F4\n" \
	"5jYf97RE6Jv0oSF+WyFgGgWGMdyF16NZWPxtJ+g36x4bKIwDbdkDEIaoza1ejIX2\n" \
	"G/ar7Zy8bd7vWZN7lYp/WwxCBqR2zDINkz7V2g5tOtGC3aCGAdOpseqV6/3QbS59\n" \
	"h6o9f50yAnaMWvnLxD1O77ZOJs0syjiG0nZcCkwLNQKBgQDrVRPFnieuwp2LDaoH\n" \
	"BlAxsVmp/oopS+qLEJBdzgxkr6z24bBNhUWzeQq/ket2lZ+EaMtcU7P0OmgzniSo\n" \
	"d8QUVKzEp7g+3LzRCijxpfld9hpze1K/lz0JFdcvOmE70yyvWyFbz+emhrXLLMej\n" \
	"fJTUljMIdKMCSkXd2lWukYwUvQKBgQDZvDHjSwpCdzONnMMqHe5VycZvaooNG205\n" \
	"J9VBib38eoIf3bhUWDh1AeNf7+foTWBD3e4FrpndNIuAoTwSNkUAKhVj+xFfIF41\n" \
	"Uk+MbrWZyAODNo/uKenv2nDq+7er6kk2CpQiVNsQev8WpdYGJrgJXnHwEr2mAVbo\n" \
	"bF1AvxvblQKBgQCqOS8FGgJgQfvNMoQTcridSUivUyRC/NvZ3ZBfmgSS7BPzvIpX\n" \
	"eJhTWrGwom8spsvs7hRzY0Re28S12aVwirk1b45M7XizV93oYy38pW68TaESeVkA\n" \
	"pvgKU1cEnXjp2jWPXh7CF5/bb8OeBHUfx6SsJT0i16N1q53f/OdPT46BDQKBgCPw\n" \
	"3sNIJb9m8cmUcNrI6gibL/hAO92CA3uFybvxwrykdEpSTRUPIvKdhyzU6xD7hMJv\n" \
	"JdUmRxuuisCG3OWcs7MdPz6ruOhc7XAb0Cm8NJnX3EySexuzK3x+MFl5h44HNGKJ\n" \
	"SH6KR0bnJqhUY4nMZmCViHU6greeTPw8tv/zC+QpAoGANMgB79N4fklfHQ+Gm1G1\n" \
	"rWVn1mPDZQxSZ1JW31/9R/6+6CrXkh3bsexPMmL5ldblbA6bOnq/wogou7CECgEA\n" \
	"AVdgJZF4FYrskR0gudWHcVJdRAZFq1L+gL4zjxMEY4uPzEHEMLQYQ0jb0hb2dCbr\n" \
	"lQ53WF193o5SaxQ7f8Scv9k=\n" \
	"-----END PRIVATE KEY-----\n"

/* the public half of PEM_RSA */
#define PEM_RSA_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyCgeGUJkfv9SMNm2kupx\n" \
	"yy1hSqkoKDzHnW3ikwUtmKzOQt4fzQ6nDT7b8/XvrHVNj8v0ooCxokuDBh4TlVF7\n" \
	"DqR6snNAraaFeczv0f6l1jgQW6aE7EczOUtndJCw9ZJCvZTzL8kDo+U6rSjewFcZ\n" \
	"V93m9pfAKKhE4n30JoUF36ZMSJXTkNR30bv5Og4//zRY0ntmy6wnqj/oyo3jDJC6\n" \
	"JSwmksRVUUIEm/C61KsvllkNa3G+FRLe7MV/F2uGrZAyHifqH0yu10qpJpEKEcH6\n" \
	"PQ0evdfWwYJzKgaIAn7z+25zfAGffRbn+bMmHwhsSvGOKP3rdVm3ME59quqcvzTB\n" \
	"AQIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"

/* too short */
#define PEM_RSA_1024 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDFIHWZtsnXiY6CoUz3hXkc+JQT\n" \
	"Y+OXu0P3kCmxnvhLUCjL4DsaXUgA11+Kgkj8Lu3vcRR9ayKA5w3C99d2aT08GOnh\n" \
	"Qj/z//fKsGrqSFM7kk6+n2M/KlpsJ+6FKYO97qks9XsbKB8UcEyVaOG+t6fJzSPX\n" \
	"mTz4QCMoLHcN2+JPhQIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"

/* public exponent 3 */
#define PEM_RSA_E3 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEA2vk+lYeZ4vOggpAWtm/p\n" \
	"zS4TRaxj+5aYdjfKS6QSrVYtW6JsQZ1gOz3NxIWg3aKIJWJG7872lvBuihZVp9Cb\n" \
	"RyimU4A4JF2MjpuD4EDFAm9LmBVzqDofq1pAfd+1Ju3r001FjVW5tuEI1Rl+OSQG\n" \
	"gE1iHaXgw3Z6SK1gMwIJozRuXJfOcKm+2AAaIQZ+wiSF2KpQ6oaajYFW0f1YmjlC\n" \
	"W3Vta/XtpJ7uxL5Ojv0PE3kf0iz0+3hTQedDBCKTC7iGZJGKrDD/jP4svvUfVxkM\n" \
	"ntZoPWWw2q6l1/Kb1tvssz6JxcGg9fw/IeGKxZ0eZfv6KLi3TOJUXxtR9aucFclu\n" \
	"uwIBAw==\n" \
	"-----END PUBLIC KEY-----\n"

/* bound to PSS by its type */
#define PEM_RSA_PSS \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAN/p8Mw0dO42wE1+gT8qcxU2\n" \
	"lCmq4iiOPNM3LfeCO7mk9TaP1o/vgFBeY4Y8NsEBU/jdbHikyHWTuLupJY0jE14V\n" \
	"H1VURy3Y+PtlazvNnfxRlf7OJihOE9hcBR1DMkm5gCIzLlU4tMtwFBEaaxFFY+Wx\n" \
	"XmK9cfBKBqSTA8vo3BiSyByjatmxz5UAruRIFz9UBlLI7XHGDveASXWfhIVAafqx\n" \
	"TtW4YApWrXV5bd1KdbD6JUUp/IzLLU84vtWO0LNwJAAC9paIy5X67duXO1K4UVS4\n" \
	"bMN/vqfmT9t7uFJJChIL9QYsg3QtEJJtAQICYWfg0p9GMz5QMMRcRGAux+Ubf3cC\n" \
	"AwEAAQ==\n" \
	"-----END PUBLIC KEY-----\n"

#define PEM_EC_256 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgO5Qp3AT7KaeYYH5R\n" \
	"jaF81/bcWK6TBULFT+IueQHTUE+hRANCAAQfE+6Ln5f8RjdpHykvJ5lW+kfISeR/\n" \
	"Tz6hmM6Rl9Slgp48QaBiME+Rr9/vqy7jxjS8TnycAlwCirp/xkyEZtIu\n" \
	"-----END PRIVATE KEY-----\n"

/* the public half of PEM_EC_256 */
#define PEM_EC_256_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHxPui5+X/EY3aR8pLyeZVvpHyEnk\n" \
	"f08+oZjOkZfUpYKePEGgYjBPka/f76su48Y0vE58nAJcAoq6f8ZMhGbSLg==\n" \
	"-----END PUBLIC KEY-----\n"

/* PEM_EC_256 in the older form */
#define PEM_EC_256_SEC1 \
	"-----BEGIN EC PRIVATE KEY-----\n" \
	"MHcCAQEEIDuUKdwE+ymnmGB+UY2hfNf23FiukwVCxU/iLnkB01BPoAoGCCqGSM49\n" \
	"AwEHoUQDQgAEHxPui5+X/EY3aR8pLyeZVvpHyEnkf08+oZjOkZfUpYKePEGgYjBP\n" \
	"ka/f76su48Y0vE58nAJcAoq6f8ZMhGbSLg==\n" \
	"-----END EC PRIVATE KEY-----\n"

#define PEM_EC_384 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCyE65qZz6PJnRyjuKA\n" \
	"aY3HUHftnurfSnwkoSVRA/TSr097CDKhTpXlZuYTNHfYk1uhZANiAASMvQkvnp6u\n" \
	"9jZw4m6ruCN/N/NLFRgwR5N3T2ne2UVvRQR7PVQTB7wISMqKiOTU7QSRN4Dkr/kV\n" \
	"ooN8dGW6+IV5dj9AVhOiR49kKh//UENzuBZ7cHGrvHQwSo7Iodvyik4=\n" \
	"-----END PRIVATE KEY-----\n"

#define PEM_EC_521 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIA+uAK4GCqBoUduqv9\n" \
	"kSX8x6bD0WoBgRUXrHpFW+Z/9kxMvOCaAqN2ayA3MwfrDEAFS41X6YZqNevlGMOo\n" \
	"xp6IISGhgYkDgYYABAD72y9b23m6LrMHtDMeE9KN5D4o+x24b/H2uAQ+nN9JebKa\n" \
	"yyn0xQq8z9fRmLJFTXkF7yfkTYuQiwJUC1SCr20xPACYzwAOIbXik9/AveTtHuu5\n" \
	"3NAgAQde31a/XOjiyIV2qAkxn03+5guIGKUSIqw1VCoS5c3cbYlpsA8bpb626SmZ\n" \
	"nw==\n" \
	"-----END PRIVATE KEY-----\n"

/* secp256k1 */
#define PEM_EC_K1 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE2FrhCHB7Qy1gMkRocPxNEEup9MhuHrCZ\n" \
	"qw+WwPdYFvb6yvrq/LfP1ljM0CdG9c/gZIsoTdqJHNjwFw12LI3HGA==\n" \
	"-----END PUBLIC KEY-----\n"

#define PEM_ED25519 \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEIFeShcHSjDthxLiJEEpfXXN3pJ2q6gkgOHpxXQXv3SM3\n" \
	"-----END PRIVATE KEY-----\n"

/* the public half of PEM_ED25519 */
#define PEM_ED25519_PUBLIC \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VwAyEAIMpsJ/WKa6MHcz+AJOOmfvi75zVLTPIq8tm5DinrNL4=\n" \
	"-----END PUBLIC KEY-----\n"

#define PEM_ED25519_OTHER \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VwAyEAL9A1nAJ0w9k3jvdhFUGOubExe+DGXL24FL346XMHfpQ=\n" \
	"-----END PUBLIC KEY-----\n"

/* for key agreement */
#define PEM_X25519 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MCowBQYDK2VuAyEA3si8BuJ3ZO5k/xW0CCrPybWGsCeiBksYwAuj9lv0VUg=\n" \
	"-----END PUBLIC KEY-----\n"

/* PEM_ED25519 under a passphrase */
#define PEM_ENCRYPTED \
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" \
	"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAge1I2+rgdNfgICCAAw\n" \
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEK8ZLLEXeEpATsKCBC0U9nAEQBrX\n" \
	"xF4unRf8owSErhV7DMd16d+mgSUvMs/UrScHuwV9/E8Ne/bFzZ9gOn78x3sufC7V\n" \
	"5nR46mOGPICEzM9okmo=\n" \
	"-----END ENCRYPTED PRIVATE KEY-----\n"

/* of PEM_EC_256 */
#define PEM_CERTIFICATE \
	"-----BEGIN CERTIFICATE-----\n" \
	"MIIBdjCCARugAwIBAgIUPvuy7KbcmbIrkzjV3SXAI1JdcuUwCgYIKoZIzj0EAwIw\n" \
	"DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMxNTQyMDlaGA8yMTI2MTAzMDE1NDIw\n" \
	"OVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB8T\n" \
	"7oufl/xGN2kfKS8nmVb6R8hJ5H9PPqGYzpGX1KWCnjxBoGIwT5Gv3++rLuPGNLxO\n" \
	"fJwCXAKKun/GTIRm0i6jUzBRMB0GA1UdDgQWBBSMobG/9tSHiooUVZhIaNMETLFm\n" \
	"YTAfBgNVHSMEGDAWgBSMobG/9tSHiooUVZhIaNMETLFmYTAPBgNVHRMBAf8EBTAD\n" \
	"AQH/MAoGCCqGSM49BAMCA0kAMEYCIQC/g/D8zJws/Qdnk7FF4LyCgGEmK13GoOLR\n" \
	"kF0Kr3juqgIhAMxgXBIgIr1ckZOBf05KsSQhnSDxtHz++4YJZIw8K2w8\n" \
	"-----END CERTIFICATE-----\n"

/* clang-format on */

#endif /* TEST_UNIT_PEMS_H */
