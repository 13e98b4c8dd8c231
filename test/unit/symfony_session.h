/*
 * symfony_session.h
 *		A session that Symfony 5.4's ContextListener and PHP 8.2 have written: user 43, to whom 42 has
 *		switched (test/frameworks/with_symfony.php).
 */
#ifndef SYMFONY_SESSION_H
#define SYMFONY_SESSION_H

#define SYMFONY_TOKEN(class) "Symfony\\Component\\Security\\Core\\Authentication\\Token\\" class

#define SYMFONY_USER(id)                                                                           \
	"O:4:\"User\":2:{s:5:\"email\";s:15:\"ada@example.com\";s:2:\"id\";i:" id ";}"
#define SYMFONY_PARENT(user)                                                                       \
	"a:5:{i:0;" user "i:1;b:1;i:2;N;i:3;a:0:{}i:4;a:1:{i:0;s:9:\"ROLE_USER\";}}"
#define SYMFONY_ORIGINAL                                                                           \
	"O:74:\"" SYMFONY_TOKEN("UsernamePasswordToken") "\":3:{i:0;N;i:1;s:4:\"main\";i:"             \
													 "2;" SYMFONY_PARENT(SYMFONY_USER("42")) "}"
#define SYMFONY_SWITCHED                                                                           \
	"O:68:\"" SYMFONY_TOKEN(                                                                       \
		"SwitchUserToken") "\":3:{i:0;" SYMFONY_ORIGINAL                                           \
						   "i:1;s:1:\"/\";i:2;a:3:{i:0;N;i:1;s:4:\"main\";i:2;" SYMFONY_PARENT(    \
							   SYMFONY_USER("43")) "}}"

#define SYMFONY_SESSION                                                                            \
	"_sf2_attributes|a:2:{s:5:\"theme\";s:4:\"dark\";s:14:\"_security_main\";s:498:"               \
	"\"" SYMFONY_SWITCHED                                                                          \
	"\";}_sf2_meta|a:3:{s:1:\"u\";i:1795803638;s:1:\"c\";i:1795803638;s:1:\"l\";i:0;}"

#endif /* SYMFONY_SESSION_H */
